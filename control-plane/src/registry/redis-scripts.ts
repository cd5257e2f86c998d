/**
 * What runs inside Redis, atomically. All keys share one hash tag, so that a cluster keeps them on one node:
 *
 * - `state` hash: `revision`, `epoch` (time at which the store was first used: another epoch is another store),
 *   `leaseClockMs` and `tickedAtMs`; after a loss `offeredRevision` and `offeredAtMs`, see `isLost`
 * - `objects` hash: key → `<createRevision> <modifyRevision> <ttlMs> <canonical JSON>`
 * - `collections` hash: collection → last revision that changed it
 * - `leases` sorted set: key → deadline on the lease clock
 * - `log` stream: entry `<revision>-0` holds the changes of that revision
 *
 * The lease clock is Redis' own clock without the time in which no control plane was ticking: nobody could
 * renew then. Between two ticks it runs on, at most `maxTickGapMs` far.
 */
export const redisKeyNames = ['state', 'objects', 'collections', 'leases', 'log'] as const;

const maxTickGapMs = 3_000;
/** How long the newest copy is looked for before a store that lost data is filled; a few ticks and reconnections. */
const offerSettleMs = 2_000;
/** An offer that nobody followed up says nothing any more: its control plane is gone too. */
const offerEndMs = 5 * offerSettleMs;

/** How epochs of stores end that a control plane filled. */
export const filledMark = '.filled';

const prelude = `
local state, objects, collections, leases, log = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSETNX', state, 'epoch', time[1] .. '.' .. time[2])

local function revisionNow() return tonumber(redis.call('HGET', state, 'revision') or '0') end

local function leaseClockMs()
  local tickedAtMs = tonumber(redis.call('HGET', state, 'tickedAtMs') or nowMs)
  local gapMs = math.max(0, math.min(nowMs - tickedAtMs, ${maxTickGapMs}))
  return tonumber(redis.call('HGET', state, 'leaseClockMs') or '0') + gapMs
end

local function offeredMs()
  local atMs = tonumber(redis.call('HGET', state, 'offeredAtMs') or '0')
  return math.max(0, nowMs - atMs)
end

-- A control plane has more than the store; what is written meanwhile would be lost.
local function isAboutToBeFilled()
  return redis.call('HEXISTS', state, 'offeredRevision') == 1 and offeredMs() < ${offerEndMs}
end

-- The store holds less than the copy that was read from it: it was emptied, or put back to an older state.
local function isLost(copyEpoch, copyRevision)
  if copyEpoch == '' then return false end
  local revision = revisionNow()
  if revision == 0 then return copyRevision > 0 end
  return redis.call('HGET', state, 'epoch') == copyEpoch and revision < copyRevision
end

-- Revisions of one store have one order, so the copy with the highest revision knows everything that the others
-- know, deletions too. It is found before anything is put back; when it does not act, the next best does.
local function mayFill(copyRevision)
  local offered = tonumber(redis.call('HGET', state, 'offeredRevision') or '-1')
  if copyRevision > offered or offeredMs() > ${offerEndMs} then
    redis.call('HSET', state, 'offeredRevision', string.format('%.0f', copyRevision), 'offeredAtMs', string.format('%.0f', nowMs))
    return false
  end
  return offeredMs() >= ${offerSettleMs} and (copyRevision == offered or offeredMs() >= 2 * ${offerSettleMs})
end

-- Whether the caller's copy is not one of this store as it is.
local function isReplaced(copyEpoch, copyRevision)
  if redis.call('HGET', state, 'epoch') ~= copyEpoch then return true end
  return isLost(copyEpoch, copyRevision) or isAboutToBeFilled()
end

local function read(key)
  local record = redis.call('HGET', objects, key)
  if not record then return nil end
  local create, modify, ttlMs, json = record:match('^(%d+) (%d+) (%d+) (.*)$')
  return { create = tonumber(create), modify = tonumber(modify), ttlMs = tonumber(ttlMs), json = json }
end

local function grantLease(key, ttlMs)
  if ttlMs > 0 then
    redis.call('ZADD', leases, string.format('%.0f', leaseClockMs() + ttlMs), key)
  else
    redis.call('ZREM', leases, key)
  end
end

local function collectionOf(key) return key:match('^(.*/)') end

local function append(revision, changes, historyCount)
  redis.call('HSET', state, 'revision', string.format('%.0f', revision))
  redis.call('XADD', log, 'MAXLEN', '~', historyCount, string.format('%.0f-0', revision), 'changes', cjson.encode(changes))
end

local function remove(key, revision)
  redis.call('HDEL', objects, key)
  redis.call('ZREM', leases, key)
  redis.call('HSET', collections, collectionOf(key), revision)
end
`;

/**
 * ARGV: epoch and revision of the caller's copy, request as JSON `{writes, conditions}`, historyCount. Returns a
 * JSON TransactionResult with `revision`, or `{kind: 'replaced'}` when this is not the store that the caller has read.
 */
export const transactScript = `${prelude}
if isReplaced(ARGV[1], tonumber(ARGV[2])) then return cjson.encode({ kind = 'replaced' }) end
local request, historyCount = cjson.decode(ARGV[3]), ARGV[4]
local revision = revisionNow()

for _, write in ipairs(request.writes) do
  local current = read(write.key)
  local actual = current and current.modify or 0
  if write.expectedRevision and write.expectedRevision ~= actual then
    return cjson.encode({ kind = 'mismatch', key = write.key, actualRevision = actual, revision = revision })
  end
end
for _, condition in ipairs(request.conditions) do
  local isKept
  if condition.kind == 'key' then
    local current = read(condition.key)
    isKept = (current and current.modify or 0) == condition.revision
  else
    isKept = tonumber(redis.call('HGET', collections, condition.collection) or '0') <= condition.unchangedSince
  end
  if not isKept then return cjson.encode({ kind = 'stale', revision = revision }) end
end

local nextRevision = revision + 1
local changes, results = {}, {}
for index, write in ipairs(request.writes) do
  local current = read(write.key)
  local result
  if write.kind == 'delete' then
    result = { key = write.key, outcome = current and 'deleted' or 'absent', revision = 0 }
    if current then
      remove(write.key, nextRevision)
      changes[#changes + 1] = { kind = 'delete', key = write.key, reason = 'deleted' }
    end
  elseif current and current.json == write.json then
    grantLease(write.key, write.ttlMs)
    result = { key = write.key, outcome = 'unchanged', revision = current.modify }
  else
    local create = current and current.create or nextRevision
    local record = string.format('%.0f %.0f %.0f ', create, nextRevision, write.ttlMs) .. write.json
    redis.call('HSET', objects, write.key, record)
    redis.call('HSET', collections, collectionOf(write.key), nextRevision)
    grantLease(write.key, write.ttlMs)
    changes[#changes + 1] = { kind = 'put', key = write.key, record = record }
    result = { key = write.key, outcome = current and 'changed' or 'created', revision = nextRevision }
  end
  results[index] = result
end
if #changes > 0 then
  revision = nextRevision
  append(revision, changes, historyCount)
end
return cjson.encode({ kind = 'committed', revision = revision, results = results })
`;

/** ARGV: epoch and revision of the caller's copy, key. Returns 'renewed', 'absent', 'unleased' or 'replaced'. */
export const renewScript = `${prelude}
if isReplaced(ARGV[1], tonumber(ARGV[2])) then return 'replaced' end
local key = ARGV[3]
local current = read(key)
if not current then return 'absent' end
if current.ttlMs == 0 then return 'unleased' end
grantLease(key, current.ttlMs)
return 'renewed'
`;

/**
 * ARGV: epoch and revision of the caller's copy (epoch empty: it has none). Moves the lease clock on. Returns
 * {epoch, revision, keys whose lease has run out, 'whole' | 'lost' | 'fill'}: `lost`: the copy has more than the
 * store; `fill`: and is the one to give it back.
 */
export const tickScript = `${prelude}
local clockMs = leaseClockMs()
redis.call('HSET', state, 'leaseClockMs', string.format('%.0f', clockMs), 'tickedAtMs', string.format('%.0f', nowMs))
local verdict, due = 'whole', {}
if isLost(ARGV[1], tonumber(ARGV[2])) then
  verdict = mayFill(tonumber(ARGV[2])) and 'fill' or 'lost'
else
  due = redis.call('ZRANGEBYSCORE', leases, '-inf', string.format('%.0f', clockMs), 'LIMIT', 0, 10000)
end
return { redis.call('HGET', state, 'epoch'), string.format('%.0f', revisionNow()), due, verdict }
`;

/**
 * ARGV: epoch, historyCount, reason, then keys. Removes those of them whose lease has run out, in one revision.
 * Returns the keys that were removed.
 */
export const expireScript = `${prelude}
local removed, changes = {}, {}
if redis.call('HGET', state, 'epoch') ~= ARGV[1] then return removed end
local clockMs, revision = leaseClockMs(), revisionNow()
for index = 4, #ARGV do
  local key = ARGV[index]
  local deadlineMs = redis.call('ZSCORE', leases, key)
  if deadlineMs and tonumber(deadlineMs) <= clockMs then
    if redis.call('HEXISTS', objects, key) == 1 then
      removed[#removed + 1] = key
      changes[#changes + 1] = { kind = 'delete', key = key, reason = ARGV[3] }
      remove(key, revision + 1)
    else
      redis.call('ZREM', leases, key)
    end
  end
end
if #changes > 0 then append(revision + 1, changes, ARGV[2]) end
return removed
`;

/**
 * Everything at one revision. Returns {epoch, revision, [key, record, key, record, …], 1 when a control plane is
 * about to fill the store}.
 */
export const readAllScript = `${prelude}
local flat, isOffered = redis.call('HGETALL', objects), isAboutToBeFilled() and 1 or 0
return { redis.call('HGET', state, 'epoch'), string.format('%.0f', revisionNow()), flat, isOffered }
`;

/**
 * Gives a store that lost data everything that a copy holds, in place of what is there. ARGV: epoch and revision of
 * the copy, historyCount, token of the one who fills, then key and record in turn. Does nothing (returns 0) when the
 * store has lost nothing, or another copy has more. Leases start anew; the new epoch makes every control plane read
 * the store again, and carries the token.
 */
export const fillScript = `${prelude}
local copyRevision = tonumber(ARGV[2])
if not isLost(ARGV[1], copyRevision) or not mayFill(copyRevision) then return 0 end
redis.call('DEL', objects, collections, leases, log)
redis.call('HDEL', state, 'offeredRevision', 'offeredAtMs')
redis.call('HSET', state, 'epoch', time[1] .. '.' .. time[2] .. '.' .. ARGV[4] .. '${filledMark}')
local revision = copyRevision + 1
for index = 5, #ARGV, 2 do
  local key, record = ARGV[index], ARGV[index + 1]
  redis.call('HSET', objects, key, record)
  redis.call('HSET', collections, collectionOf(key), revision)
  grantLease(key, tonumber(record:match('^%d+ %d+ (%d+) ')))
end
append(revision, {}, ARGV[3])
return 1
`;
