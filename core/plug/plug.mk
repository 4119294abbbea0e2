# sources of core/plug
