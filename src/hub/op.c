#include "hub/op.h"

const char *
hub_object_type_name(enum hub_object_type type)
{
    switch (type) {
    case HUB_VARIABLE:
        return "variable";
    case HUB_NOTIFIER:
        return "notifier";
    case HUB_OBJECT_TYPES:
        break;
    }
    return "object";
}
