/** Numbers of HTTP/2 (RFC 9113, 6, 7 and 11). */

export const frameHeaderBytes = 9;
/** RST_STREAM and WINDOW_UPDATE, whole. */
export const shortFrameBytes = 13;
/** SETTINGS_MAX_FRAME_SIZE that everybody starts with, and that we stay at. */
export const defaultMaxFrameBytes = 16_384;
export const maxWindowBytes = 2 ** 31 - 1;
export const defaultWindowBytes = 65_535;
export const maxStreamId = 2 ** 31 - 1;

export const clientPreface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

export const frameData = 0;
export const frameHeaders = 1;
export const framePriority = 2;
export const frameRstStream = 3;
export const frameSettings = 4;
export const framePushPromise = 5;
export const framePing = 6;
export const frameGoAway = 7;
export const frameWindowUpdate = 8;
export const frameContinuation = 9;

/** DATA and HEADERS; of SETTINGS and PING the same bit is ACK. */
export const flagEndStream = 0x1;
export const flagAck = 0x1;
export const flagEndHeaders = 0x4;
export const flagPadded = 0x8;
export const flagPriority = 0x20;

export const noError = 0;
export const protocolError = 1;
export const internalError = 2;
export const flowControlError = 3;
export const settingsTimeout = 4;
export const streamClosed = 5;
export const frameSizeError = 6;
export const refusedStream = 7;
export const cancel = 8;
export const compressionError = 9;
export const connectError = 10;
export const enhanceYourCalm = 11;

export const settingHeaderTableSize = 1;
export const settingEnablePush = 2;
export const settingMaxConcurrentStreams = 3;
export const settingInitialWindowSize = 4;
export const settingMaxFrameSize = 5;
export const settingMaxHeaderListSize = 6;
/** RFC 8441. */
export const settingEnableConnectProtocol = 8;
