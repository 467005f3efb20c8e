# C without comments, line numbers kept. With -v keep_strings=0 string and character literals become "" and ' '.
function strip(text,   out, i, c, two) {
    out = ""
    for (i = 1; i <= length(text); i++) {
        c = substr(text, i, 1)
        two = substr(text, i, 2)
        if (state == "comment") {
            if (two == "*/") { state = ""; i++ }
        } else if (state != "") {
            if (c == "\\") { if (keep_strings) out = out substr(text, i, 2); i++; continue }
            if (c == state) state = ""
            if (keep_strings || state == "") out = out c
        } else if (two == "/*") {
            state = "comment"
            i++
        } else if (two == "//") {
            break
        } else {
            if (c == "\"" || c == "'") state = c
            out = out c
        }
    }
    if (state != "comment") state = ""
    return out
}
FNR == 1 { state = "" }
