# Accuracies of healthy and of faulty runs to a table: see effective.sh. Lines: ID, healthy ones, faulty ones; tabs between.
# p is that of the rank sum over all ways to choose the group (Wilcoxon 1945), ties by mean ranks; d is Cohen's, by the
# pooled deviation.
function mean(x, n,   i, s) { for (i = 1; i <= n; i++) s += x[i]; return s / n }
function squares(x, n, m,   i, s) { s = 0; for (i = 1; i <= n; i++) s += (x[i] - m) ^ 2; return s }

# Mean ranks of all[1..n] into rank[].
function set_ranks(n,   i, j, less, same) {
    for (i = 1; i <= n; i++) {
        less = same = 0
        for (j = 1; j <= n; j++) { less += all[j] < all[i]; same += all[j] == all[i] }
        rank[i] = less + (same + 1) / 2
    }
}

# Goes through all ways to choose `left` more of the elements from `at` on.
function choose(at, left, n, sum) {
    if (!left) {
        ways++
        if ((sum - middle) ^ 2 >= far - 1e-9) extreme++
        return
    }
    if (n - at + 1 < left) return
    choose(at + 1, left - 1, n, sum + rank[at])
    choose(at + 1, left, n, sum)
}

function rank_sum(na, n,   i, sum) {
    set_ranks(n)
    for (i = 1; i <= na; i++) sum += rank[i]
    middle = na * (n + 1) / 2
    far = (sum - middle) ^ 2
    ways = extreme = 0
    choose(1, na, n, 0)
    return extreme / ways
}

BEGIN { FS = "\t"; OFS = "\t"; print "# Made by OUT=tests/faults/effective.txt tests/faults/effective.sh. Accuracies are means; open: fewer than 5 runs." }
BEGIN { print "# fault\truns\thealthy\tfaulty\tp\td\tverdict" }
$3 ~ /refused/ { print $1, 0, "-", "-", "-", "-", "refused"; next }
{
    na = split($2, a, " "); nb = split($3, b, " ")
    delete all
    for (i = 1; i <= na; i++) all[i] = a[i]
    for (i = 1; i <= nb; i++) all[na + i] = b[i]
    ma = mean(a, na); mb = mean(b, nb)
    deviation = na + nb > 2 ? sqrt((squares(a, na, ma) + squares(b, nb, mb)) / (na + nb - 2)) : 0
    d = deviation > 0 ? (mb - ma) / deviation : ma == mb ? 0 : mb > ma ? 99 : -99
    p = rank_sum(na, na + nb)
    few = na < 5 || nb < 5
    verdict = few ? "open" : p < 0.05 && (d >= 0.5 || d <= -0.5) ? "effective" : "no"
    printf "%s\t%d\t%.4f\t%.4f\t%.4f\t%.2f\t%s\n", $1, na < nb ? na : nb, ma, mb, p, d, verdict
}
