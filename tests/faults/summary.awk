# Tables of the trial: see summary.sh. Files in this order: effective.txt, kinds.txt, results of faults, of healthy runs.
function trim(s) { gsub(/^ +| +$/, "", s); return s }
function percent(a, b) { return b ? sprintf("%.0f %%", 100 * a / b) : "-" }
FNR == 1 { file++; if (FILENAME ~ /kinds[.]txt$/) file = 2; else if (FILENAME ~ /healthy[^\/]*$/) file = 4; else if (FILENAME ~ /faults[^\/]*$/) file = 3; else file = 1 }
/^#/ || /^$/ { next }
file == 1 { verdict[$1] = $7; next }
file == 2 { split($0, part, "|"); title[trim(part[1])] = trim(part[3]); next }

file == 3 {
    kind = $1; sub(/[.].*/, "", kind)
    family = substr(kind, 1, 1)
    if (!(family in seen)) { order[++families] = family; seen[family] = 1 }
    all[family]++
    seconds += $3; cpu += $4
    if ($3 > slowest) slowest = $3
    found = $6 != "-"
    first = $8 == 1; three = $8 >= 1 && $8 <= 3
    if (verdict[$1] == "no") { passed[family]++; extra[family] += found; next }
    effective[family]++
    if (found) hit[family]++
    else if ($9) { excused[family]++ }
    if (found && first) cause1[family]++
    if (found && three) cause3[family]++
    if (!found) missed = missed sprintf("  %-8s %-36s %s; alarms: %s\n", $1, title[kind], $9 ? "NOT CHECKED by name" : "not found", $5 == "none" ? "no answer, exit code " $2 ": " $11 : $10)
    else if (!three) misnamed = misnamed sprintf("  %-8s %-36s by %s; first cause: %s\n", $1, title[kind], $6, $11)
    next
}

file == 4 {
    healthy++
    healthy_seconds += $3; healthy_cpu += $4
    if ($5 == "none") { broken++; alarms = alarms sprintf("  %-6s no answer (exit code %d): %s\n", $1, $2, $11); next }
    if ($10 ~ /:fail/) fails++
    if ($10 ~ /:warn/) warns++
    if ($10 != "-") {
        alarms = alarms sprintf("  %-6s %s; %s\n", $1, $10, $11)
        n = split($10, one, " ")
        for (i = 1; i <= n; i++) by[one[i]]++
    }
}

END {
    print "| family | faults tried | effective | found by the right line | cause first | among three | not checked, by name | others with an alarm |"
    print "|---|---|---|---|---|---|---|---|"
    for (i = 1; i <= families; i++) {
        f = order[i]
        printf "| %s | %d | %d | %d (%s) | %d (%s) | %d (%s) | %d | %d of %d |\n", f, all[f], effective[f], hit[f], percent(hit[f], effective[f]),
            cause1[f], percent(cause1[f], effective[f]), cause3[f], percent(cause3[f], effective[f]), excused[f], extra[f], passed[f]
        A += all[f]; E += effective[f]; H += hit[f]; C += cause1[f]; T += cause3[f]; N += excused[f]; X += extra[f]; P += passed[f]
    }
    printf "| all | %d | %d | %d (%s) | %d (%s) | %d (%s) | %d | %d of %d |\n", A, E, H, percent(H, E), C, percent(C, E), T, percent(T, E), N, X, P
    if (A) printf "\n%.1f s and %.1f s of CPU each, %d s at most\n", seconds / A, cpu / A, slowest
    if (healthy) {
        printf "\n%d healthy runs: %d with a FAIL, %d with a WARN (%s), %d without an answer; %.1f s and %.1f s of CPU each\n", healthy, fails, warns,
            percent(warns, healthy), broken, healthy_seconds / healthy, healthy_cpu / healthy
        for (line in by) printf "  %-36s %d\n", line, by[line]
    }
    if (missed) printf "\nmissed:\n%s", missed
    if (misnamed) printf "\nmisnamed:\n%s", misnamed
    if (alarms) printf "\nhealthy runs with an alarm:\n%s", alarms
}
