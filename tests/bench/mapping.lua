-- The mapping of the benchmark's workloads as one would write it in nginx: decode, rename, encode.
local cjson = require "cjson"
local null = cjson.null
local mapping = {}
local patient = "/v1/patients/00000000-0000-4000-8000-000000001049"

local function years(date)
    local y, m, d = date:match("^(%d+)-(%d+)-(%d+)$")
    local now = os.date("!*t")
    local age = now.year - tonumber(y)
    if now.month < tonumber(m) or (now.month == tonumber(m) and now.day < tonumber(d)) then age = age - 1 end
    return age
end

local function flat_patient(p)
    local a = type(p.metadata) == "table" and p.metadata.address or nil
    return {
        id = p.id, first_name = p.first_name, last_name = p.last_name, date_of_birth = p.date_of_birth,
        age = p.date_of_birth ~= null and years(p.date_of_birth) or null, gender = p.gender, phone = p.phone,
        email = p.email, active = p.status == "active",
        address = a and { street = a.line, city = a.city, state = a.state, zip_code = a.postal_code } or null,
        created_at = p.created_at, updated_at = p.updated_at,
    }
end

local function capture(method, path, body)
    local answer = ngx.location.capture("/canned" .. path, { method = method, body = body })
    ngx.status = answer.status
    return cjson.decode(answer.body)
end

-- Several calls at once.
local function capture_all(calls)
    local answers = { ngx.location.capture_multi(calls) }
    for i, answer in ipairs(answers) do answers[i] = cjson.decode(answer.body) end
    return answers
end

function mapping.flat()
    if ngx.req.get_method() == "GET" then
        return ngx.print(cjson.encode(flat_patient(capture(ngx.HTTP_GET, ngx.var.uri))))
    end
    ngx.req.read_body()
    local sent = cjson.decode(ngx.req.get_body_data()).patient
    local address = sent.address
    for _, name in ipairs({ "first_name", "last_name", "date_of_birth" }) do
        if type(sent[name]) ~= "string" or sent[name] == "" then
            ngx.status = 422
            return ngx.print(cjson.encode({ errors = { [name] = { "can't be blank" } } }))
        end
    end
    local body = cjson.encode({
        brand_id = "acme", first_name = sent.first_name, last_name = sent.last_name, date_of_birth = sent.date_of_birth,
        gender = sent.gender, phone = sent.phone, email = sent.email,
        metadata = address and { address = { line = address.street, city = address.city, state = address.state,
                                             postal_code = address.zip_code } } or nil,
    })
    local put = ngx.req.get_method() == "PUT"
    ngx.print(cjson.encode(flat_patient(capture(put and ngx.HTTP_PATCH or ngx.HTTP_POST, put and patient or "/v1/patients", body))))
end

local function resource(p)
    local identifiers = {}
    for system, value in pairs(p.external_ids) do
        identifiers[#identifiers + 1] = { system = system, value = value }
    end
    local a = p.metadata.address
    return {
        type = "patient", id = p.id,
        attributes = {
            first_name = p.first_name, last_name = p.last_name, email_address = p.email ~= null and p.email or nil,
            phone_numbers = p.phone ~= null and { { type = "other", primary = true, value = p.phone } } or {},
            addresses = a and { { lines = { a.line }, city = a.city, state = a.state, postal_code = a.postal_code } } or {},
            identifiers = identifiers, birth_date = p.date_of_birth ~= null and p.date_of_birth or nil,
            gender = p.gender ~= null and p.gender or nil, archived = p.status ~= "active",
            created_at = p.created_at, updated_at = p.updated_at,
        },
        relationships = {
            groups = { data = {}, links = { related = "/pub/patient/" .. p.id .. "/groups" } },
            coaches = { links = { related = "/pub/patient/" .. p.id .. "/coaches" } },
        },
        links = { self = "/pub/patient/" .. p.id },
    }
end

function mapping.list()
    local args = ngx.req.get_uri_args()
    local size, number = tonumber(args["page[size]"]) or 10, tonumber(args["page[number]"]) or 1
    local page = capture(ngx.HTTP_GET, "/v1/patients?brand_id=acme&limit=" .. size .. "&offset=" .. (number - 1) * size)
    local data = {}
    for i, p in ipairs(page.patients) do data[i] = resource(p) end
    ngx.print(cjson.encode({
        meta = { req_id = ngx.var.request_id, count = page.total },
        links = { self = ngx.var.request_uri },
        data = data,
    }))
end

local function metric_resource(m)
    return {
        type = "patient_health_metric", id = m.id,
        attributes = {
            code = { system = "LOINC", value = "13457-7" }, type = m.metric_key, occurred_at = m.recorded_at,
            value = tonumber(m.value_numeric), unit = m.unit, created_at = m.created_at,
        },
        relationships = { patient = { data = { type = "patient", id = m.patient_id } } },
    }
end

function mapping.measure()
    ngx.req.read_body()
    local calls = {}
    for i, sent in ipairs(cjson.decode(ngx.req.get_body_data()).data) do
        local a = sent.attributes
        calls[i] = { "/canned" .. patient .. "/metrics", { method = ngx.HTTP_POST, body = cjson.encode({
            metric_key = a.type, value_numeric = a.value, unit = a.unit, source = "api", is_phi = true, recorded_at = a.occurred_at,
        }) } }
    end
    local data = capture_all(calls)
    for i, m in ipairs(data) do data[i] = metric_resource(m) end
    ngx.print(cjson.encode({ meta = { req_id = ngx.var.request_id, ignored = {} }, data = data }))
end

local scaled = { anxiety = true, energy = true, mood = true, pain_level = true, sleep = true, stress = true }

local function gauge(m)
    return {
        id = m.id, patient_id = m.patient_id, gauge_type = m.metric_key == "pain_level" and "pain" or m.metric_key,
        value = m.value_numeric ~= null and tonumber(m.value_numeric) or m.value_text, scale_min = scaled[m.metric_key] and 1 or null,
        scale_max = scaled[m.metric_key] and 10 or null, recorded_at = m.recorded_at, notes = null, created_at = m.created_at,
    }
end

function mapping.gauges()
    local calls, gauges = {}, {}
    for i, key in ipairs(capture(ngx.HTTP_GET, patient .. "/metrics").metrics) do
        calls[i] = { "/canned" .. patient .. "/metrics/" .. key.metric_key }
    end
    for _, series in ipairs(capture_all(calls)) do
        for _, m in ipairs(series.data) do gauges[#gauges + 1] = gauge(m) end
    end
    table.sort(gauges, function(a, b) return a.recorded_at > b.recorded_at end)
    ngx.print(cjson.encode({ gauges = gauges, pagination = { current_page = 1, total_pages = 1, total_count = #gauges,
                                                             per_page = #gauges } }))
end

return mapping
