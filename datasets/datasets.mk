# sources of datasets
