-- Number of processes that share a pace, which has no quota: each registers from time to time.
-- KEYS  1 alive  zset: holder -> when it counts as gone (us of the store's clock)
-- ARGV  1 holder  2 microseconds for which it is there, 0 when it leaves
-- Gives the number of those who are there.
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))
if tonumber(ARGV[2]) > 0 then
  redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[2]), ARGV[1])
  redis.call('PEXPIRE', KEYS[1], 604800000)
else
  redis.call('ZREM', KEYS[1], ARGV[1])
end
return redis.call('ZCARD', KEYS[1])
