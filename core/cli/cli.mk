EXTRA_DIST += docs/CONFIG.md docs/FILES.md
