#' Devices to compute on
#'
#' `available_devices()` lists the devices that a fit can use on this machine, the best one first.
#' `select_device()` checks the name of a device and turns `"auto"` into the best one available. It
#' never falls back to the CPU silently.
#'
#' @param device `"auto"`, `"cpu"`, `"cuda"`, `"cuda:1"` (the second GPU) or `"mps"`.
#' @return Names of devices as PyTorch writes them: `select_device()` returns one,
#'   `available_devices()` a character vector.
#' @section Errors:
#' An unknown name, or a device that this machine does not have, is an error of class
#' `pytwolayer_error_device`. A worker of [parallel::mclapply()] cannot use a GPU that its parent
#' session has used; a worker of [parallel::makeCluster()] can.
#' @seealso [pytwolayer_doctor()]
#' @examplesIf pytwolayer:::has_torch()
#' available_devices()
#' select_device("auto")
#' @export
select_device <- function(device = "auto") {
  call_core("select_device", check_settings(list(device = device))$device)
}

#' @rdname select_device
#' @export
available_devices <- function() {
  as.character(call_core("available_devices"))
}
