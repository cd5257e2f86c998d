/** What speaks gRPC: loaded only where the bootstrap names a management server. */
export { createAds } from './config/ads/create-ads.ts';
export { createLiveReporter } from './config/live/live-reporter.ts';
export { AdsClient } from './config/ads/ads-client.ts';
export { startLoadReporter } from './config/loads/load-reporter.ts';
