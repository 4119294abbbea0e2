# sources of plugins
