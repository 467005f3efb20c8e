/* The database of a configuration, opened with the service's schema. */
#pragma once

#include "backend/service.h"

struct conf;

/* backend.database, or backend.db in state_dir; missing folders are made (mode 0700). Close the database
 * before the service is freed. */
MUST_CHECK int backend_open(const struct conf *conf, struct service **service, struct db **db,
                            struct err *err);
