/**
 * What runs inside Redis, atomically. All keys share one hash tag, so that a cluster keeps them on one node:
 *
 * - `state` hash: `revision`, `epoch` (time at which the store was first used: another epoch is another store),
 *   `leaseClockMs` and `tickedAtMs`
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
 * ARGV: epoch, request as JSON `{writes, conditions}`, historyCount. Returns a JSON TransactionResult with
 * `revision`, or `{kind: 'replaced'}` when this is not the store that the caller has read.
 */
export const transactScript = `${prelude}
if redis.call('HGET', state, 'epoch') ~= ARGV[1] then return cjson.encode({ kind = 'replaced' }) end
local request, historyCount = cjson.decode(ARGV[2]), ARGV[3]
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

/** ARGV: epoch, key. Returns 'renewed', 'absent', 'unleased' or 'replaced'. */
export const renewScript = `${prelude}
if redis.call('HGET', state, 'epoch') ~= ARGV[1] then return 'replaced' end
local key = ARGV[2]
local current = read(key)
if not current then return 'absent' end
if current.ttlMs == 0 then return 'unleased' end
grantLease(key, current.ttlMs)
return 'renewed'
`;

/**
 * ARGV: historyCount. Moves the lease clock on and removes what expired, at most 200 objects in one revision.
 * Returns {epoch, revision, removed keys}.
 */
export const tickScript = `${prelude}
local clockMs = leaseClockMs()
redis.call('HSET', state, 'leaseClockMs', string.format('%.0f', clockMs), 'tickedAtMs', string.format('%.0f', nowMs))
local expired = redis.call('ZRANGEBYSCORE', leases, '-inf', string.format('%.0f', clockMs), 'LIMIT', 0, 200)
local revision = revisionNow()
local removed, changes = {}, {}
for _, key in ipairs(expired) do
  if redis.call('HEXISTS', objects, key) == 1 then
    removed[#removed + 1] = key
    changes[#changes + 1] = { kind = 'delete', key = key, reason = 'lease-expired' }
    remove(key, revision + 1)
  else
    redis.call('ZREM', leases, key)
  end
end
if #changes > 0 then
  revision = revision + 1
  append(revision, changes, ARGV[1])
end
return { redis.call('HGET', state, 'epoch'), string.format('%.0f', revision), removed }
`;

/** Everything at one revision. Returns {epoch, revision, [key, record, key, record, …]}. */
export const readAllScript = `${prelude}
return { redis.call('HGET', state, 'epoch'), string.format('%.0f', revisionNow()), redis.call('HGETALL', objects) }
`;

/**
 * Fills a store that lost everything with what a control plane still knows. ARGV: revision, historyCount, then
 * key and record in turn. Does nothing (returns 0) when somebody wrote to the store already. Leases start anew.
 */
export const restoreScript = `${prelude}
if revisionNow() > 0 then return 0 end
local revision = tonumber(ARGV[1])
for index = 3, #ARGV, 2 do
  local key, record = ARGV[index], ARGV[index + 1]
  redis.call('HSET', objects, key, record)
  redis.call('HSET', collections, collectionOf(key), revision)
  grantLease(key, tonumber(record:match('^%d+ %d+ (%d+) ')))
end
append(revision, {}, ARGV[2])
return 1
`;
