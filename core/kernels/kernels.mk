# sources of core/kernels
