import { jsonAnswer, type AdminEndpoint } from './admin-server.ts';

/** Times are epoch ms. */
export interface SavedConfigView {
  readonly path: string;
  readonly isEncrypted: boolean;
  /** Where what serves came from. */
  readonly serving: 'control plane' | 'file';
  /** The file that was started from. */
  readonly startedFrom:
    { readonly savedAt: number; readonly restoredCount: number; readonly unusableCount: number } | undefined;
  /** Why the file was not used, if it was to be. */
  readonly refusal: string | undefined;
  readonly lastWrite: { readonly at: number; readonly sizeBytes: number } | undefined;
}

/** `/saved_config`: whether what serves came from a control plane or from the disk, and what is kept there. */
export function createSavedConfigEndpoint(inspect: () => SavedConfigView | undefined): AdminEndpoint {
  return {
    path: '/saved_config',
    help: 'print whether the proxy serves its saved configuration, and what is saved',
    isMutating: false,
    handle() {
      const state = inspect();
      if (state === undefined) return jsonAnswer({ is_enabled: false });
      const { path, isEncrypted, serving, startedFrom, refusal, lastWrite } = state;
      return jsonAnswer({
        is_enabled: true,
        path,
        is_encrypted: isEncrypted,
        serving,
        ...(startedFrom === undefined
          ? {}
          : {
              started_from: {
                saved_at: new Date(startedFrom.savedAt).toISOString(),
                restored_resources: startedFrom.restoredCount,
                unusable_resources: startedFrom.unusableCount,
              },
            }),
        ...(refusal === undefined ? {} : { refused_because: refusal }),
        ...(lastWrite === undefined
          ? {}
          : { last_write: { at: new Date(lastWrite.at).toISOString(), size_bytes: lastWrite.sizeBytes } }),
      });
    },
  };
}
