# sources of bench
EXTRA_DIST += %D%/peers/checkpoint_to_torch.py
