#!/usr/bin/env python3
"""How intelligible speech still is after a way through a network: STOI, 0 to 1.

C. H. Taal, R. C. Hendriks, R. Heusdens, J. Jensen, "An Algorithm for Intelligibility Prediction of Time-Frequency Weighted Noisy
Speech", IEEE Transactions on Audio, Speech, and Language Processing 19(7), 2011. Section and equation numbers below are theirs.

    stoi.py REFERENCE.wav DEGRADED.wav      prints what it finds as one line of JSON
    stoi.py -                               reads jobs as a list in JSON from standard input, prints a list

A job: {"reference": path, "degraded": path, "expectedDelayMs": 0, "maxDelayMs": 1000, "pieceS": 0}. What is degraded may come earlier or
later than is expected by maxDelayMs, and is moved to where the two are most alike (cross-correlation). With pieceS above 0 each piece of so many
seconds is moved by itself, from there by no more than a second, as is right where a jitter buffer changes its delay in pauses. What of the reference has nothing against it
counts as silence. Answer: {"stoi": ..., "delayMs": of the whole, "delaysMs": of each piece}.
"""

import json
import sys

import numpy as np
from scipy import signal
from scipy.io import wavfile

RATE_HZ = 10_000  # III
FRAME = 256  # III: 25.6 ms, Hann window, half overlapping, zero-padded to FFT
FFT = 512
BANDS = 15  # III: one-third octaves, the lowest centred at 150 Hz
LOWEST_CENTRE_HZ = 150.0
DYNAMIC_RANGE_DB = 40.0  # III: frames of the clean speech this far under its loudest are left out of both
SEGMENT = 30  # III: 384 ms
LOWEST_SDR_DB = -15.0  # beta of equation (4)
TINY = np.finfo(float).eps

WINDOW = np.hanning(FRAME + 2)[1:-1]
# What a delay may change by; programs that begin apart may be farther from each other than that.
PIECE_DELAY_MS = 1000
# A piece that is this unlike keeps the delay of the whole: nothing in it can be aligned.
ALIKE_MIN = 0.3


def band_matrix():
    """Which bins of a spectrum make which band, equation (1); the edges are the nearest bins."""
    bins = np.arange(FFT // 2 + 1) * RATE_HZ / FFT
    matrix = np.zeros((BANDS, bins.size))
    for band in range(BANDS):
        centre = LOWEST_CENTRE_HZ * 2 ** (band / 3)
        low = np.abs(bins - centre * 2 ** (-1 / 6)).argmin()
        high = np.abs(bins - centre * 2 ** (1 / 6)).argmin()
        matrix[band, low:high] = 1
    return matrix


def windowed(sound):
    starts = np.arange(0, sound.size - FRAME, FRAME // 2)
    return sound[starts[:, None] + np.arange(FRAME)] * WINDOW


def without_silence(clean, degraded):
    """Both, of the frames in which the clean one speaks, overlapped and added again."""
    frames = windowed(clean)
    level_db = 20 * np.log10(np.linalg.norm(frames, axis=1) + TINY)
    speaks = level_db > level_db.max() - DYNAMIC_RANGE_DB
    joined = []
    for kept in (frames[speaks], windowed(degraded)[speaks]):
        sound = np.zeros((len(kept) + 1) * (FRAME // 2))
        for i, frame in enumerate(kept):
            sound[i * FRAME // 2 : i * FRAME // 2 + FRAME] += frame
        joined.append(sound)
    return joined


def segments(sound, matrix):
    """Band envelopes, equation (1), in overlapping runs of SEGMENT frames: [run, band, frame]."""
    power = np.abs(np.fft.rfft(windowed(sound), FFT)) ** 2
    envelopes = np.sqrt(power @ matrix.T)
    return np.lib.stride_tricks.sliding_window_view(envelopes, SEGMENT, axis=0)


def normalised(vectors):
    centred = vectors - vectors.mean(axis=2, keepdims=True)
    return centred / (np.linalg.norm(centred, axis=2, keepdims=True) + TINY)


def stoi(clean, degraded):
    """Of two sounds of one length at RATE_HZ, sample against sample. Not a number where there is less than a segment of speech."""
    clean, degraded = without_silence(clean, degraded)
    matrix = band_matrix()
    if clean.size < FRAME + (SEGMENT + 1) * FRAME // 2:
        return float("nan")
    x, y = segments(clean, matrix), segments(degraded, matrix)
    gain = np.linalg.norm(x, axis=2, keepdims=True) / (np.linalg.norm(y, axis=2, keepdims=True) + TINY)
    clipped = np.minimum(gain * y, x * (1 + 10 ** (-LOWEST_SDR_DB / 20)))  # equations (2) to (4)
    return float((normalised(x) * normalised(clipped)).sum(axis=2).mean())  # equations (5) and (6)


def facing(degraded, begin, length):
    """`length` samples of it from `begin` on, which may be before its beginning; silence where there is nothing."""
    part = np.zeros(length)
    low, high = max(0, begin), min(degraded.size, begin + length)
    if low < high:
        part[low - begin : high - begin] = degraded[low:high]
    return part


def best_delay(wanted, degraded, expected, spread):
    """Where `wanted` stands in `degraded`, at most `spread` samples from where it is expected; and how alike the two are there, 0 to 1."""
    product = signal.correlate(facing(degraded, expected - spread, wanted.size + 2 * spread), wanted, "valid", "fft")
    at = int(product.argmax())
    found = expected - spread + at
    other = facing(degraded, found, wanted.size)
    return found, product[at] / (np.linalg.norm(wanted) * np.linalg.norm(other) + TINY)


def aligned(reference, degraded, expected, spread, piece):
    """`degraded` as it stands against all of `reference`; the delay of the whole, and those of the pieces."""
    whole, _ = best_delay(reference, degraded, expected, spread)
    if piece <= 0:
        return facing(degraded, whole, reference.size), whole, []
    # What is left at the end belongs to the last piece.
    spread = min(spread, round(PIECE_DELAY_MS * RATE_HZ / 1000))
    begins = [i * piece for i in range(max(1, reference.size // piece))]
    ends = [*begins[1:], reference.size]
    parts, delays = [], []
    for begin, end in zip(begins, ends):
        found, alike = best_delay(reference[begin:end], degraded, begin + whole, spread)
        delays.append(found - begin if alike >= ALIKE_MIN else whole)
        parts.append(facing(degraded, begin + delays[-1], end - begin))
    return np.concatenate(parts), whole, delays


def read(path):
    rate, samples = wavfile.read(path)
    sound = samples.astype(float)
    if np.issubdtype(samples.dtype, np.integer):
        sound /= np.iinfo(samples.dtype).max
    if sound.ndim > 1:
        sound = sound.mean(axis=1)
    shared = np.gcd(rate, RATE_HZ)
    return sound if rate == RATE_HZ else signal.resample_poly(sound, RATE_HZ // shared, rate // shared)


def run(job):
    reference, degraded = read(job["reference"]), read(job["degraded"])
    expected = round(job.get("expectedDelayMs", 0) * RATE_HZ / 1000)
    spread = round(job.get("maxDelayMs", 1000) * RATE_HZ / 1000)
    piece = round(job.get("pieceS", 0) * RATE_HZ)
    heard, delay, delays = aligned(reference, degraded, expected, spread, piece)
    in_ms = 1000 / RATE_HZ
    return {
        "stoi": stoi(reference, heard),
        "delayMs": delay * in_ms,
        "delaysMs": [each * in_ms for each in delays],
    }


def main(arguments):
    if arguments == ["-"]:
        print(json.dumps([run(job) for job in json.load(sys.stdin)]))
    elif len(arguments) == 2:
        print(json.dumps(run({"reference": arguments[0], "degraded": arguments[1]})))
    else:
        print(__doc__, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
