#pragma once
#include <glib.h>
#include <glib-object.h>
#include <gio/gio.h>
#include <gio/gnetworking.h>
#include <glib-unix.h>
#include <nice/agent.h>
#include <libsoup/soup.h>
