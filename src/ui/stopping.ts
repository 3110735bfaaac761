/** Whether a program can be stopped and let go on here (Ctrl-Z and `fg`): Windows knows no such thing. */
export const CAN_STOP = process.platform !== 'win32'
