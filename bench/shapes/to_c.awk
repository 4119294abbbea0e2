# Text files -> names[] (without folder and ending) and texts[], both ended by NULL. The texts need no escapes but these.
FNR == 1 {
    name = FILENAME
    sub(/.*\//, "", name)
    sub(/[.]txt$/, "", name)
    names = names sprintf("    \"%s\",\n", name)
    texts = texts (NR == 1 ? "" : ",\n")
}
{
    gsub(/[\\"]/, "\\\\&")
    texts = texts sprintf("    \"%s\\n\"\n", $0)
}
END {
    printf "static const char *const names[] = {\n%s    NULL,\n};\n", names
    printf "static const char *const texts[] = {\n%s,\n    NULL,\n};\n", texts
}
