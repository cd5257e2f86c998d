import { defaultLogPattern } from '@heddle/shared/logging/log-format';
import type { SidecarSettings } from '../settings.ts';
import type { FlagValues } from './read-flags.ts';

/** `envoy.admin.v3.CommandLineOptions` as `/server_info` shows it: every option, with what it came to. */
export function toCommandLineOptions(
  flags: FlagValues,
  {
    concurrency,
    mode,
    drainStrategy,
    logLevelName,
  }: Pick<SidecarSettings, 'concurrency' | 'mode' | 'drainStrategy'> & { readonly logLevelName: string },
): Readonly<Record<string, unknown>> {
  return {
    base_id: String(flags.count('base-id') ?? 0),
    concurrency,
    config_path: flags.text('config-path') ?? '',
    config_yaml: flags.text('config-yaml') ?? '',
    allow_unknown_static_fields:
      flags.has('allow-unknown-static-fields') || flags.has('allow-unknown-fields'),
    admin_address_path: flags.text('admin-address-path') ?? '',
    local_address_ip_version: flags.text('local-address-ip-version') ?? 'v4',
    log_level: logLevelName,
    component_log_level: flags.text('component-log-level') ?? '',
    log_format: flags.text('log-format') ?? defaultLogPattern,
    log_path: flags.text('log-path') ?? '',
    service_cluster: flags.text('service-cluster') ?? '',
    service_node: flags.text('service-node') ?? '',
    service_zone: flags.text('service-zone') ?? '',
    file_flush_interval: `${(flags.count('file-flush-interval-msec') ?? 1000) / 1000}s`,
    drain_time: `${flags.count('drain-time-s') ?? 600}s`,
    parent_shutdown_time: `${flags.count('parent-shutdown-time-s') ?? 900}s`,
    mode: { serve: 'Serve', validate: 'Validate', init_only: 'InitOnly' }[mode],
    disable_hot_restart: true,
    enable_mutex_tracing: flags.has('enable-mutex-tracing'),
    restart_epoch: 0,
    cpuset_threads: flags.has('cpuset-threads'),
    reject_unknown_dynamic_fields: flags.has('reject-unknown-dynamic-fields'),
    log_format_escaped: flags.has('log-format-escaped'),
    disabled_extensions: (flags.text('disable-extensions') ?? '').split(',').filter((name) => name !== ''),
    ignore_unknown_dynamic_fields: flags.has('ignore-unknown-dynamic-fields'),
    use_dynamic_base_id: flags.has('use-dynamic-base-id'),
    base_id_path: flags.text('base-id-path') ?? '',
    drain_strategy: drainStrategy === 'gradual' ? 'Gradual' : 'Immediate',
    enable_fine_grain_logging: flags.has('enable-fine-grain-logging'),
    socket_path: flags.text('socket-path') ?? '@envoy_domain_socket',
    socket_mode: Number.parseInt(flags.text('socket-mode') ?? '0', 8) || 0,
    enable_core_dump: flags.has('enable-core-dump'),
    stats_tag: flags.list('stats-tag'),
    skip_hot_restart_on_no_parent: flags.has('skip-hot-restart-on-no-parent'),
    skip_hot_restart_parent_stats: flags.has('skip-hot-restart-parent-stats'),
    skip_deprecated_logs: flags.has('skip-deprecated-logs'),
    file_flush_min_size: flags.count('file-flush-min-size-kb') ?? 64,
    log_stacktrace_single_entry: flags.has('log-stacktrace-single-entry'),
  };
}
