#include "markup.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH = 64, NAME = 32, FAULT = 256 };

static char fault[FAULT];

static const char *say(const char *what, const char *at) {
    snprintf(fault, sizeof fault, "%s at '%.80s'", what, at);
    return fault;
}

static int is_void(const char *name) {
    static const char *const names[] = {"meta", "img", "br", "input", "hr", "link", "!DOCTYPE"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(name, names[i])) return 1;
    return 0;
}

/* From behind '<' to behind the '>' that ends the tag; NULL: it does not. */
static const char *end_of_tag(const char *s) {
    for (; *s && *s != '>'; s++) {
        if (*s == '<') return NULL;
        if (*s == '"' && !(s = strchr(s + 1, '"'))) return NULL;
    }
    return *s ? s + 1 : NULL;
}

static const char *take_name(const char *s, char name[NAME]) {
    size_t n = 0;
    while (*s && !isspace((unsigned char)*s) && *s != '>' && *s != '/' && n + 1 < NAME) name[n++] = *s++;
    name[n] = 0;
    return s;
}

static const char *elements(const char *text) {
    static char open[DEPTH][NAME];
    int depth = 0;
    for (const char *s = text; (s = strchr(s, '<'));) {
        char name[NAME];
        const char *at = s, *end = end_of_tag(s + 1);
        if (!end) return say("a tag without an end", at);
        if (s[1] == '/') {
            take_name(s + 2, name);
            if (!depth || strcmp(open[depth - 1], name) != 0) return say("an end of another element", at);
            depth--;
        } else {
            take_name(s + 1, name);
            if (!is_void(name) && end[-2] != '/') {
                if (depth == DEPTH) return say("elements too deep", at);
                strcpy(open[depth++], name);
            }
        }
        s = end;
        if (!strcmp(name, "style") && at[1] != '/' && !(s = strstr(s, "</style>"))) return say("no end of style", at);
    }
    return depth ? say("an element without an end", open[depth - 1]) : NULL;
}

int markup_count(const char *text, const char *part) {
    int n = 0;
    for (const char *s = text; (s = strstr(s, part)); s += strlen(part)) n++;
    return n;
}

/* Each value of ` NAME="..."` in turn. */
static const char *next_value(const char *s, const char *name, char value[128]) {
    char head[NAME];
    snprintf(head, sizeof head, " %s=\"", name);
    if (!(s = strstr(s, head))) return NULL;
    s += strlen(head);
    snprintf(value, 128, "%.*s", (int)strcspn(s, "\""), s);
    return s;
}

static int has_id(const char *text, const char *id) {
    char wanted[160];
    snprintf(wanted, sizeof wanted, " id=\"%s\"", id);
    return markup_count(text, wanted);
}

static const char *ids(const char *text) {
    char value[128];
    for (const char *s = text; (s = next_value(s, "id", value));)
        if (has_id(text, value) != 1) return say("an id twice", value);
    for (const char *s = text; (s = next_value(s, "for", value));)
        if (!has_id(text, value)) return say("a label of nothing", value);
    for (const char *s = text; (s = next_value(s, "aria-labelledby", value));)
        for (char *save, *id = strtok_r(value, " ", &save); id; id = strtok_r(NULL, " ", &save))
            if (!has_id(text, id)) return say("named by nothing", id);
    for (const char *s = text; (s = next_value(s, "href", value));)
        if (value[0] != '#' || !has_id(text, value + 1)) return say("a link to nothing on the page", value);
    for (const char *s = text; (s = next_value(s, "src", value));)
        if (strncmp(value, "data:image/", 11) != 0) return say("loaded", value);
    return NULL;
}

const char *markup_fault(const char *text) {
    static const char *const never[] = {"<script", "<link", "<iframe", "<object", "@import", "url(", "http:", "https:"};
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        if (strcasestr(text, never[i])) return say("not by itself", never[i]);
    const char *found = elements(text);
    return found ? found : ids(text);
}

char *markup_read(const char *path, size_t *size) {
    FILE *in = fopen(path, "rb");
    char *text = NULL;
    *size = 0;
    if (!in) return NULL;
    if (fseek(in, 0, SEEK_END) == 0 && (text = calloc(1, (size_t)ftell(in) + 1))) {
        rewind(in);
        *size = fread(text, 1, (size_t)1 << 30, in);
    }
    fclose(in);
    return text;
}
