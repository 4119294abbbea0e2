# sources of bench
EXTRA_DIST += %D%/RESULTS.md %D%/peers/checkpoint_to_torch.py %D%/peers/compare_step.py %D%/peers/draws.py \
	%D%/peers/torch_step.py docs/ARCHITECTURE.md docs/curve.svg docs/plot_metrics.py

# Training steps beside PyTorch's; COMPARE takes options of compare_step.py. Exit code 77 (no torch) is not a failure.
.PHONY: compare
compare: regimen
	$(srcdir)/%D%/peers/compare_step.py --regimen ./regimen $(COMPARE) || test $$? -eq 77
