-- One exchange of a process with a quota that many processes share: N calls in any T, as the server counts them.
--
-- Invariant: a slot that was used is free again T after its call was seen to end, or T after its holder was found dead.
-- All times are in microseconds of the store's clock, which never runs backwards here.
--
-- KEYS  1 state    hash
--       2 cooling  zset: number of a slot -> when it comes free
--       3 held     hash: holder -> "permits sequence"
--       4 alive    zset: holder -> when it counts as dead
--       5 line     zset: holder -> its first ticket
-- ARGV  1 holder  2 sequence  3 N  4 T  5 burst  6 lapse  7 transit  8 permits in use  9 callers that wait  10 pause
--       11 number of ended calls, then of each: age of its end, seconds for which its permit was held; then tickets
-- Gives {granted, retry, first, holders, free, refused, paused, now, ticket ...}: when to ask again, when the first ticket
--       may be granted by estimate; a ticket is a time at which to come again.
local S, C, H, A, W = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local me, seq, N, T = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local burst, lapse, transit = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local mine, want, pause, ended = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11])
local first_ticket = 12 + 2 * ended
local WEEK = 604800000 -- ms; what nobody uses any more goes away
local function text(x) return string.format('%.0f', x) end

-- The clock: a store that was set back, or took over from one that was ahead, goes on from the last time that was told.
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local s = redis.call('HMGET', S, 'tat', 'taken', 'shut', 'hold', 'slot', 'last', 'refused', 'behind', 'server')
local tat, taken, shut, hold = tonumber(s[1]), tonumber(s[2]), tonumber(s[3]), tonumber(s[4])
local slot, last, refused, behind = tonumber(s[5]), tonumber(s[6]), tonumber(s[7]), tonumber(s[8])
-- A replica that took over, or a server that read its file again, has not heard of what was granted last. One that may
-- not say who it is ('' then) is trusted.
local info = redis.pcall('INFO', 'server')
local server = type(info) == 'string' and string.match(info, 'run_id:(%w+)') or ''
if tat and server == s[9] then
  now = now + behind
  if now < last then behind = behind + last - now; now = last end
else
  -- No state, or one of which the end is lost. The period before may have been full, with a burst at its end and calls
  -- on their way: those are waited for, then slots come free one by one.
  behind = tat and math.max(0, last - now) or 0
  now = now + behind
  tat = now + transit + burst * T / N
  taken, shut, hold, slot, refused = 0, 0, 0, N, 0
  redis.call('DEL', C, H, A, W)
  for i = 1, N do redis.call('ZADD', C, text(tat + i * T / N), i) end
end
local function cool(till) slot = slot + 1; redis.call('ZADD', C, text(till), slot) end
local function permits_of(holder)
  local permits, sequence = string.match(redis.call('HGET', H, holder) or '0 0', '(%d+) (%d+)')
  return tonumber(permits), tonumber(sequence)
end

-- The dead: their calls were sent before they were last heard of plus a lapse.
for _, dead in ipairs(redis.call('ZRANGEBYSCORE', A, '-inf', text(now))) do
  local permits = permits_of(dead)
  for _ = 1, permits do cool(now + T) end
  taken = taken - permits
  redis.call('HDEL', H, dead); redis.call('ZREM', A, dead); redis.call('ZREM', W, dead)
end

local held, seen = permits_of(me)
local fresh = seq > seen -- else a copy that a library sent again, or one that was overtaken on its way: changes nothing
if fresh then
  -- Given back: the permits that are held here and not in use there. Only the difference counts, so that an exchange
  -- whose answer was lost does no harm: what it granted is given back unused, what it took back is not taken twice.
  local back = math.max(held - mine, 0)
  for i = math.max(ended - back, 0) + 1, ended do -- the latest ends: they keep their slots longest
    local age, lasted = tonumber(ARGV[10 + 2 * i]), tonumber(ARGV[11 + 2 * i])
    cool(now - age + T)
    hold = hold + (lasted - hold) / math.min(N, 50)
  end
  held, taken = held - back, taken - back
  if pause > 0 then shut = math.max(shut, now + pause); refused = refused + 1; tat = math.max(tat, shut) end
end
redis.call('ZREMRANGEBYSCORE', C, '-inf', text(now))
local free = N - taken - redis.call('ZCARD', C)

local granted, left = 0, {}
local function claim(ticket)
  if fresh and now >= shut and ticket <= now and free > 0 then
    granted = granted + 1; free = free - 1; taken = taken + 1; held = held + 1
  else left[#left + 1] = ticket end
end
for i = first_ticket, #ARGV do claim(tonumber(ARGV[i])) end
if fresh then
  local step = (T + hold) / N -- what the slots can carry
  local holders = math.max(1, redis.call('ZCARD', A))
  local cap = math.max(1, math.floor(500000 / step / holders)) -- half a second of the line, shared out
  for _ = 1, math.min(want - granted, cap) - #left do -- beside what was granted: none has to come twice for the next
    local due = math.max(tat, now - (burst - 1) * step)
    tat = due + step
    claim(due)
  end
end

local retry, first = -1, 0
if fresh and #left > 0 then
  retry = math.max(left[1] - now, shut - now, 0)
  first = retry
  redis.call('ZADD', W, text(left[1]), me)
  if free <= 0 then -- when the slot of this place in the line comes free; one that is in flight takes a period more
    local before = redis.call('ZCOUNT', W, '-inf', '(' .. text(left[1]))
    local next_slot = redis.call('ZRANGE', C, before, before, 'WITHSCORES')[2]
    first = math.max(first, next_slot and tonumber(next_slot) - now or T)
    if next_slot then retry = first end -- to come when only the ticket is due would be for nothing
    if retry == 0 then retry = math.max(T / N, 1000) end
  end
elseif fresh then
  redis.call('ZREM', W, me)
end
if fresh and (held > 0 or #left > 0) then
  -- One that only waits is not heard of before it comes again; one that holds permits shows that it lives.
  redis.call('ZADD', A, text((held > 0 and now or now + retry) + lapse), me)
  redis.call('HSET', H, me, string.format('%d %.0f', held, seq))
elseif fresh then
  redis.call('ZREM', A, me); redis.call('HDEL', H, me)
end
local holders = redis.call('ZCARD', A)
redis.call('HSET', S, 'tat', text(tat), 'taken', taken, 'shut', text(shut), 'hold', text(hold), 'slot', slot,
  'last', text(now), 'refused', refused, 'behind', text(behind), 'server', server)
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, WEEK) end
local paused = math.max(0, math.ceil(shut - now))
local answer = {granted, math.ceil(retry), math.ceil(first), holders, free, refused, paused, text(now)}
for i, ticket in ipairs(left) do answer[8 + i] = text(ticket) end
return answer
