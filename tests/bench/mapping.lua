-- The mapping of the benchmark's workloads as one would write it in nginx: decode, rename, encode.
local cjson = require "cjson"
local null = cjson.null
local mapping = {}

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

function mapping.flat()
    if ngx.req.get_method() ~= "POST" then
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
    ngx.print(cjson.encode(flat_patient(capture(ngx.HTTP_POST, "/v1/patients", body))))
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

return mapping
