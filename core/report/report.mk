noinst_LTLIBRARIES += libreport.la
libreport_la_SOURCES = \
	%D%/bar.c %D%/bar.h \
	%D%/chart.c %D%/chart.h \
	%D%/chart_lines.c %D%/chart_lines.h \
	%D%/chart_map.c %D%/chart_map.h \
	%D%/chart_rows.c %D%/chart_rows.h \
	%D%/emit.c %D%/emit.h \
	%D%/examination.c %D%/examination.h \
	%D%/exclude_list.c %D%/exclude_list.h \
	%D%/findings.c %D%/findings.h \
	%D%/gallery.c %D%/gallery.h \
	%D%/history.c %D%/history.h \
	%D%/html.c %D%/html.h \
	%D%/inspection.c %D%/inspection.h \
	%D%/inspection_json.c \
	%D%/inspection_model.c %D%/inspection_model.h \
	%D%/inspection_print.c \
	%D%/interval.c %D%/interval.h \
	%D%/metrics.c %D%/metrics.h \
	%D%/predictions.c %D%/predictions.h \
	%D%/risks.c %D%/risks.h \
	%D%/run_answers.c %D%/run_answers.h \
	%D%/run_curves.c %D%/run_curves.h \
	%D%/run_page.c %D%/run_page.h \
	%D%/runfolder.c %D%/runfolder.h \
	%D%/scale.c %D%/scale.h \
	%D%/statistics.c %D%/statistics.h \
	%D%/summary.c %D%/summary.h \
	%D%/trace.c %D%/trace.h
libreport_la_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
libreport_la_LIBADD = $(JANSSON_LIBS)
