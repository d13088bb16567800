#pragma once
#include <glib.h>
#include <glib-object.h>
#include <gio/gio.h>
#include <gio/gnetworking.h>
#include <glib-unix.h>
#include <nice/agent.h>
#include <libsoup/soup.h>
#include <nice/interfaces.h>

// Variadic functions that Swift cannot import. The library's own names after a prefix, no logic.
static inline void shim_g_object_set_boolean(void *object, const char *name, gboolean value) {
    g_object_set(object, name, value, NULL);
}
static inline void shim_g_object_set_uint(void *object, const char *name, guint value) {
    g_object_set(object, name, value, NULL);
}
static inline void shim_g_object_set_string(void *object, const char *name, const char *value) {
    g_object_set(object, name, value, NULL);
}
