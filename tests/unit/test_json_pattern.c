/* An element is taken by a pattern in two ways, by what the processor has. They must be one. */
#include "check.h"

#include "json/alike.h"
#include "json/pattern.h"

enum { ROUNDS = 20000, MOST = 200, SLOTS = 9 };

static uint64_t state_of_chance = 7;

static unsigned chance(unsigned of)
{
    state_of_chance = state_of_chance * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state_of_chance >> 33) % of;
}

/* What a pattern is for, byte by byte. */
static bool is_allowed(const struct pattern_bytes *allowed, const char *text, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte < allowed->least[i] || byte - allowed->least[i] > allowed->above[i])
            return false;
        if (allowed->above[i] && (byte == '"' || byte == '\\'))
            return false;
    }
    return true;
}

static void draw(struct pattern_bytes *allowed, char *text, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++) {
        unsigned least = chance(256);
        bool free = chance(3) == 0;
        allowed->least[i] = (unsigned char)(free ? 0x20 : least);
        allowed->above[i] = (unsigned char)(free ? 0x5F : 0);
        text[i] = free ? "ax09 ~"[chance(6)] : (char)least;
    }
    for (unsigned changes = chance(3); changes; changes--)
        text[chance(len)] = chance(2) ? "\"\\\x1F\x7F\x80"[chance(5)] : (char)chance(256);
}

static void takes_alike(void **state)
{
    static struct pattern_bytes allowed;
    pattern_take_fn *const ways[] = { pattern_take_anywhere, pattern_taker() };
    unsigned taken = 0;

    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        const uint32_t len = (uint32_t)sizeof(bytes32) + chance(MOST - (unsigned)sizeof(bytes32)), count = 1 + chance(SLOTS);
        char text[MOST];
        struct tape_slot from[SLOTS] = { { .len = 0 } };
        draw(&allowed, text, len);
        for (uint32_t i = 0; i < count; i++)
            from[i] = (struct tape_slot){ .at = chance(1000), .len = i ? chance(1000) : len, .next = chance(1000), .count = chance(1000) & 1023,
                                          .type = chance(7) & 7, .shape = chance(16) & 15, .escaped = chance(2) & 1 };
        const bool expected = is_allowed(&allowed, text, len);
        taken += expected;
        for (size_t way = 0; way < COUNT(ways); way++) {
            struct tape_slot to[SLOTS + 1] = { { .len = 0 } };
            const struct tape_slot untouched = to[count];
            const struct pattern_slots slots = { .to = to, .from = from, .count = count, .bytes = 17, .moved = 23 };
            CHECK(ways[way](&allowed, text, &slots) == expected, "way %zu, round %u: %s", way, round, expected ? "refused" : "taken");
            CHECK(memcmp(&to[count], &untouched, sizeof untouched) == 0, "way %zu wrote past %u slots", way, count);
            for (uint32_t i = 0; i < count && expected; i++) {
                struct tape_slot moved = from[i];
                moved.at += slots.bytes;
                moved.next += slots.moved;
                CHECK(memcmp(&to[i], &moved, sizeof moved) == 0, "way %zu, slot %u of %u", way, i, count);
            }
        }
    }
    CHECK(taken > ROUNDS / 10 && taken < ROUNDS - ROUNDS / 10, "%u of %u were taken", taken, ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_alike),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
