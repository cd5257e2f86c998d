import { describeStats } from '../../stats/describe-stats.ts';

export const savedConfigStats = describeStats(['saved_config.'], (make) => ({
  inUse: make.gauge(
    'in_use',
    '1 while the proxy serves what it read from its file, and no control plane has answered since.',
    '0 or 1',
  ),
  restored: make.counter('restored', 'Resources that were taken from the file.', 'resources'),
  unusable: make.counter('unusable', 'Resources of the file that could not be used.', 'resources'),
  fileRefused: make.counter('file_refused', 'Times that the file was there and could not be used.'),
  writes: make.counter('writes', 'Times that the file was written.'),
  writeFailures: make.counter('write_failures', 'Times that the file could not be written.'),
  size: make.gauge('size', 'Size of the file when it was written last.', 'bytes'),
  savedAt: make.gauge('saved_time', 'When the file was written last, since 1970.', 'ms'),
  prepareTime: make.histogram('prepare_time', 'Time of the main thread to put together a file.', 'ms'),
}));
