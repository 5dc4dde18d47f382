// The public face of dynode: #include <dynode/dynode.h>
#pragma once
#include "dynode/mean_field/lif_mean_field.h"
#include "dynode/models/ctrnn.h"
#include "dynode/models/forward_forward.h"
#include "dynode/models/graph.h"
#include "dynode/models/initialise.h"
#include "dynode/models/local_trainer.h"
#include "dynode/models/model.h"
#include "dynode/models/ncp.h"
#include "dynode/models/programmable_conversion.h"
#include "dynode/models/prune.h"
#include "dynode/models/rate.h"
#include "dynode/models/spiking_conversion.h"
