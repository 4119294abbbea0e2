#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/program.h"
#include "plug/plug.h"
#include "report/summary.h"

static const rgm_cli_spec spec = {
    .name = "plugin",
    .arguments = "list [KIND]\ninfo NAME",
    .about =
        "Shows the components of plugins that a configuration can name: all of them, those of one kind (augmentation, "
        "optimizer, ...), or one with its settings.",
    .examples = "  regimen plugin list\n"
                "  regimen plugin list augmentation --plugin ./mine.so\n"
                "  regimen plugin info crop\n"
                "  regimen plugin info sgd --json\n",
    .command = RGM_FOR_PLUGIN,
    .least = 1,
    .most = 2,
};

enum { LIST, INFO };

/* --- JSON ----------------------------------------------------------------------------------------------------------
 */

static json_t *number_json(const rgm_parameter *p, double value) {
    int32_t whole = p->type == RGM_TYPE_INTEGER && value > -9.2e18 && value < 9.2e18;
    return whole ? json_integer((json_int_t)value) : rgm_json_real(value);
}

static json_t *param_json(const rgm_parameter *p) {
    static const char *const types[] = {"",
                                        [RGM_TYPE_REAL] = "real",
                                        [RGM_TYPE_INTEGER] = "integer",
                                        [RGM_TYPE_FLAG] = "flag",
                                        [RGM_TYPE_CHOICE] = "choice",
                                        [RGM_TYPE_TEXT] = "text"};
    _Static_assert(sizeof types / sizeof *types == RGM_TYPE_TEXT + 1, "the last type has a name");
    int32_t numeric = p->type == RGM_TYPE_REAL || p->type == RGM_TYPE_INTEGER;
    json_t *object = json_pack("{s:s, s:s, s:s}", "name", p->key, "type",
                               types[p->type > 0 && p->type <= RGM_TYPE_TEXT ? p->type : 0], "help", p->help);
    if (numeric) {
        json_object_set_new(object, "min", number_json(p, p->min));
        json_object_set_new(object, "max", number_json(p, p->max));
        json_object_set_new(object, "default", number_json(p, p->def));
    } else if (p->type == RGM_TYPE_FLAG) {
        json_object_set_new(object, "default", json_boolean(p->def != 0));
    } else if (p->type == RGM_TYPE_CHOICE) {
        json_t *choices = json_array();
        for (size_t i = 0; p->choices[i]; i++) json_array_append_new(choices, json_string(p->choices[i]));
        json_object_set_new(object, "choices", choices);
        json_object_set_new(object, "default", json_string(p->choices[(size_t)p->def]));
    } else if (p->text) {
        json_object_set_new(object, "default", json_string(p->text));
    }
    if (p->unit) json_object_set_new(object, "unit", json_string(p->unit));
    return object;
}

static json_t *component_json(const rgm_listed *l, int32_t with_params) {
    const rgm_component *c = l->component;
    json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:b, s:b}", "kind", rgm_kind_name((int32_t)c->kind),
                               "name", c->name, "summary", c->summary, "plugin", l->plugin->id, "version",
                               l->plugin->version, "licence", l->plugin->licence, "file", rgm_json_text(l->path),
                               "builtin", (int)l->builtin, "hidden", (int)l->hidden);
    if (!object || !with_params) return object;
    json_t *params = json_array();
    for (uint32_t i = 0; i < c->param_count; i++) {
        rgm_parameter p = rgm_component_param(c, i);
        json_array_append_new(params, param_json(&p));
    }
    json_object_set_new(object, "parameters", params);
    return object;
}

/* --- list and info -------------------------------------------------------------------------------------------------
 */

/* A component is wanted by kind (list) or by name (info); what is hidden by another is listed only. */
static int32_t wanted(const rgm_listed *l, int32_t kind, const char *name) {
    if (name) return !l->hidden && strcmp(l->component->name, name) == 0;
    return kind == 0 || (int32_t)l->component->kind == kind;
}

static void print_line(const rgm_listed *l) {
    const char *file = strrchr(l->path, '/');
    printf("%-18s %-16s %s%s%s%s%s\n", rgm_kind_name((int32_t)l->component->kind), l->component->name,
           l->component->summary, l->builtin ? "" : " (",
           l->builtin ? ""
           : file     ? file + 1
                      : l->path,
           l->builtin ? "" : ")", l->hidden ? " [hidden]" : "");
}

static rgm_status print_info(const rgm_listed *l, rgm_error *err) {
    size_t size = rgm_listed_describe(l, NULL, 0) + 1;
    char *text = malloc(size);
    if (!text) return rgm_fail(err, RGM_E_NOMEM, "no memory for the text on '%s'", l->component->name);
    rgm_listed_describe(l, text, size);
    fputs(text, stdout);
    free(text);
    return RGM_OK;
}

static rgm_status unknown_name(const rgm_registry *registry, const char *name, rgm_error *err) {
    size_t count = rgm_registry_count(registry);
    const char **names = malloc((count + 1) * sizeof *names);
    if (!names) return rgm_fail(err, RGM_E_NOMEM, "no memory for %zu names", count);
    for (size_t i = 0; i < count; i++) names[i] = rgm_registry_at(registry, i)->component->name;
    const char *nearest = rgm_text_nearest(name, names, count);
    if (nearest)
        rgm_fail(err, RGM_E_USAGE, "unknown component '%.80s' (nearest: '%s')", name, nearest);
    else
        rgm_fail(err, RGM_E_USAGE, "unknown component '%.80s' (see %s plugin list)", name, rgm_program());
    free(names);
    return RGM_E_USAGE;
}

static rgm_status show(const rgm_registry *registry, int32_t kind, const char *name, const char *json, rgm_error *err) {
    int32_t found = 0, text = !json || strcmp(json, "-") != 0;
    json_t *array = json_array();
    rgm_status status = RGM_OK;
    for (size_t i = 0; status == RGM_OK && i < rgm_registry_count(registry); i++) {
        const rgm_listed *l = rgm_registry_at(registry, i);
        if (!wanted(l, kind, name)) continue;
        if (text && name && found) putchar('\n');
        if (text && name)
            status = print_info(l, err);
        else if (text)
            print_line(l);
        if (json) json_array_append_new(array, component_json(l, name != NULL));
        found++;
    }
    if (status == RGM_OK && name && !found) status = unknown_name(registry, name, err);
    if (status == RGM_OK && json) status = rgm_json_write(array, json, err);
    json_decref(array);
    return status;
}

/* --- the command ---------------------------------------------------------------------------------------------------
 */

static rgm_status parse_kind(const char *text, int32_t *kind, rgm_error *err) {
    const char *names[64];
    int32_t count = 0;
    *kind = rgm_kind_parse(text);
    if (*kind) return RGM_OK;
    for (int32_t i = 1; i < 64 && rgm_kind_parse(rgm_kind_name(i)) == i; i++) names[count++] = rgm_kind_name(i);
    return rgm_cli_choice("kind", text, names, count, kind, err);
}

static rgm_status open_registry(const rgm_cli_line *line, rgm_registry **registry, rgm_error *err) {
    const char *files[RGM_CLI_GIVEN];
    size_t count = 0;
    for (int32_t i = 0; i < line->given_count; i++)
        if (line->given[i].flag->key && strcmp(line->given[i].flag->key, "plugins") == 0)
            files[count++] = line->given[i].value;
    rgm_registry_options options = {.files = files, .file_count = count};
    return rgm_registry_create(registry, &options, err);
}

rgm_status rgm_cmd_plugin(int argc, char **argv, rgm_error *err) {
    static rgm_cli_line line;
    static const char *const actions[] = {"list", "info"};
    int32_t action, kind = 0;
    RGM_TRY(rgm_cli_parse(&line, &spec, argc, argv, err));
    if (line.helped) return RGM_OK;
    const char *name = line.argument_count > 1 ? line.argument[1] : NULL;
    RGM_TRY(rgm_cli_choice("action", line.argument[0], actions, 2, &action, err));
    if (action == INFO && !name) return rgm_fail(err, RGM_E_USAGE, "plugin info: expected the name of a component");
    if (action == LIST && name) RGM_TRY(parse_kind(name, &kind, err));
    rgm_registry *registry;
    RGM_TRY(open_registry(&line, &registry, err));
    rgm_status status = show(registry, kind, action == INFO ? name : NULL, line.json, err);
    rgm_registry_destroy(registry);
    return status;
}
