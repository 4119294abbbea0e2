regimenincludedir = $(includedir)/regimen
regimeninclude_HEADERS = %D%/regimen/plugin.h %D%/regimen/regimen.h
