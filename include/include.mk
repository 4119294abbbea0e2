nobase_include_HEADERS = %D%/regimen/plugin.h
