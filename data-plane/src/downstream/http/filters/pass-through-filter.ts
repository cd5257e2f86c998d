import type { HeaderMap } from '../../../codec/header-map.ts';
import type {
  DataResult,
  DecoderFilter,
  DecoderFilterCallbacks,
  EncoderFilter,
  EncoderFilterCallbacks,
  HeadersStatus,
  TrailersStatus,
} from '../http-filter.ts';

/** A filter for both directions that lets everything pass: a filter of one idea says only where it differs. */
export abstract class PassThroughFilter implements DecoderFilter, EncoderFilter {
  protected decoderCallbacks: DecoderFilterCallbacks | undefined;
  protected encoderCallbacks: EncoderFilterCallbacks | undefined;

  setDecoderCallbacks(callbacks: DecoderFilterCallbacks): void {
    this.decoderCallbacks = callbacks;
  }

  setEncoderCallbacks(callbacks: EncoderFilterCallbacks): void {
    this.encoderCallbacks = callbacks;
  }

  decodeHeaders(_headers: HeaderMap, _endStream: boolean): HeadersStatus {
    return 'continue';
  }

  decodeData(_chunk: Buffer, _endStream: boolean): DataResult {
    return 'continue';
  }

  decodeTrailers(_trailers: HeaderMap): TrailersStatus {
    return 'continue';
  }

  encodeInformational(_headers: HeaderMap): void {}

  encodeHeaders(_headers: HeaderMap, _endStream: boolean): HeadersStatus {
    return 'continue';
  }

  encodeData(_chunk: Buffer, _endStream: boolean): DataResult {
    return 'continue';
  }

  encodeTrailers(_trailers: HeaderMap): TrailersStatus {
    return 'continue';
  }

  onDestroy(): void {}
}
