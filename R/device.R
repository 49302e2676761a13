#' Devices
#'
#' `available_devices()` lists the devices that a fit can use here, the best
#' one first. `select_device()` checks the name of one and turns `"auto"` into
#' the best there is; there is no silent way back to the CPU.
#'
#' @param device `"auto"`, `"cpu"`, `"cuda"`, `"cuda:1"` (the second GPU) or `"mps"`.
#' @return Names of devices, as PyTorch takes them: for `select_device()` one,
#'   for `available_devices()` a character vector.
#' @section Errors:
#' A name that is unknown, or a device that is not in this machine, is an error
#' of class `pytwolayer_error_device`. A worker of [parallel::mclapply()] can use no GPU that
#' its session has used; one of [parallel::makeCluster()] can.
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
