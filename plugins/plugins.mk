# One .c file, one plugin. They see <regimen/plugin.h> and the C library, and export rgm_plugin_entry alone.
plugin_ldflags = $(AM_LDFLAGS) -module -avoid-version -shared -export-symbols-regex '^rgm_plugin_entry$$'
plugin_LTLIBRARIES += %D%/adam.la
%C%_adam_la_LDFLAGS = $(plugin_ldflags)
plugin_LTLIBRARIES += %D%/constant.la
%C%_constant_la_LDFLAGS = $(plugin_ldflags)
plugin_LTLIBRARIES += %D%/cosine.la
%C%_cosine_la_LDFLAGS = $(plugin_ldflags)
plugin_LTLIBRARIES += %D%/crop.la
%C%_crop_la_LDFLAGS = $(plugin_ldflags)
plugin_LTLIBRARIES += %D%/cross_entropy.la
%C%_cross_entropy_la_LDFLAGS = $(plugin_ldflags)
plugin_LTLIBRARIES += %D%/cutout.la
%C%_cutout_la_LDFLAGS = $(plugin_ldflags)
plugin_LTLIBRARIES += %D%/dropout.la
%C%_dropout_la_LDFLAGS = $(plugin_ldflags)
plugin_LTLIBRARIES += %D%/flip.la
%C%_flip_la_LDFLAGS = $(plugin_ldflags)
plugin_LTLIBRARIES += %D%/he.la
%C%_he_la_LDFLAGS = $(plugin_ldflags)
plugin_LTLIBRARIES += %D%/normal.la
%C%_normal_la_LDFLAGS = $(plugin_ldflags)
plugin_LTLIBRARIES += %D%/onecycle.la
%C%_onecycle_la_LDFLAGS = $(plugin_ldflags)
plugin_LTLIBRARIES += %D%/orthogonal.la
%C%_orthogonal_la_LDFLAGS = $(plugin_ldflags)
plugin_LTLIBRARIES += %D%/random_erasing.la
%C%_random_erasing_la_LDFLAGS = $(plugin_ldflags)
plugin_LTLIBRARIES += %D%/resized_crop.la
%C%_resized_crop_la_LDFLAGS = $(plugin_ldflags)
plugin_LTLIBRARIES += %D%/sgd.la
%C%_sgd_la_LDFLAGS = $(plugin_ldflags)
plugin_LTLIBRARIES += %D%/step.la
%C%_step_la_LDFLAGS = $(plugin_ldflags)
plugin_LTLIBRARIES += %D%/truncated_normal.la
%C%_truncated_normal_la_LDFLAGS = $(plugin_ldflags)
plugin_LTLIBRARIES += %D%/warmup.la
%C%_warmup_la_LDFLAGS = $(plugin_ldflags)
plugin_LTLIBRARIES += %D%/weight_decay.la
%C%_weight_decay_la_LDFLAGS = $(plugin_ldflags)
plugin_LTLIBRARIES += %D%/xavier.la
%C%_xavier_la_LDFLAGS = $(plugin_ldflags)

# A plugin is its .so: libtool's .la files would only lie beside them. Uninstalling by libtool needs them, so it is done here.
install-data-hook:
	cd '$(DESTDIR)$(plugindir)' && for p in $(plugin_LTLIBRARIES); do rm -f "$${p##*/}" || exit; done
uninstall-hook:
	for p in $(plugin_LTLIBRARIES); do n=$${p##*/}; rm -f '$(DESTDIR)$(plugindir)'/"$${n%.la}.so" || exit; done
