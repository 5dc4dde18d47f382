// The public face of dynode: #include <dynode/dynode.h>
#pragma once
#include "dynode/models/ctrnn.h"
#include "dynode/models/graph.h"
#include "dynode/models/model.h"
#include "dynode/models/rate.h"
#include "dynode/models/spiking_conversion.h"
