/* The scripts: every endpoint, each with what it must refuse. */
#pragma once

#include "test_backend_bounds.h"
#include "test_backend_care.h"
#include "test_backend_lists.h"
#include "test_backend_own.h"
#include "test_backend_patients.h"
