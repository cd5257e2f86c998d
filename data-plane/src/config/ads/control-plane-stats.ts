import { describeStats, type StatsOf } from '../../stats/describe-stats.ts';

export const controlPlaneStats = describeStats(['control_plane.', 'sds.<secret>.control_plane.'], (make) => ({
  connectedState: make.gauge('connected_state', '1 while the stream to a control plane is open.', '0 or 1'),
  pendingRequests: make.gauge(
    'pending_requests',
    '1 while requests to the control plane wait because of `rate_limit_settings`.',
    '0 or 1',
  ),
  rateLimitEnforced: make.counter(
    'rate_limit_enforced',
    'Times that a request to the control plane had to wait because of `rate_limit_settings`.',
  ),
  identifier: make.text('identifier', 'What the control plane calls itself in its answers.'),
}));

export type ControlPlaneStats = StatsOf<typeof controlPlaneStats>;
