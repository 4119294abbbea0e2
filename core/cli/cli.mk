# sources of core/cli
