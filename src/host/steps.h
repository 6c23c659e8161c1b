// The steps of a job host's life, in the order of kLifecycle or kServing (lifecycle.cc). Each
// stands in a file of its own, and does again what it has done before without harm: a host program
// that was killed is started anew on the same folder.
//
// An error of a step before the script's end becomes the job's outcome: its message is for the
// job's owner.
#pragma once

#include "base/result.h"
#include "host/host_context.h"

namespace clary::host {

Status make_job_folders(HostContext& context);      // /opt/ml, empty
Status make_network(HostContext& context);          // its namespace; the server inside it
Status stage_model_data(HostContext& context);      // what is served: /opt/ml/model, its code
Status stage_channels(HostContext& context);        // /opt/ml/input/data/<channel>
Status restore_checkpoints(HostContext& context);   // into CheckpointConfig.LocalPath
Status make_outputs(HostContext& context);          // a processing job's: there, and empty
Status open_outputs(HostContext& context);          // those that are there
Status write_config_files(HostContext& context);    // /opt/ml/input/config/*.json
Status stage_code(HostContext& context);            // /opt/ml/code, and what its entry point is
Status install_requirements(HostContext& context);  // an overlay of the environment
Status read_pip_settings(HostContext& context);     // for a program of the job's own
Status prepare_sandbox(
    HostContext& context);  // and the script's environment, which names what is in it
Status settle_network(HostContext& context);    // it is whole before a process of the job's runs
Status run_script(HostContext& context);        // launches, supervises; sets the outcome
Status upload_artifacts(HostContext& context);  // model.tar.gz, output.tar.gz

}  // namespace clary::host
