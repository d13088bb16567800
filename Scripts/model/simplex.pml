/* The vote rules of Consensus and nothing else: which ballots a correct validator may sign, and when.
 *
 * Four members, a quorum of three. The last LIARS of them sign what they like. What has been signed may reach anybody
 * at any time, or never: so only signatures are modelled, and a correct member may take a step once the certificates
 * that it needs could be made of signatures that exist. Leaders are left out: in every view two blocks may be proposed,
 * by whomever, on any parent that they can justify. That allows more than the protocol does, so what holds here holds
 * there. A block exists once somebody has notarized it.
 *
 * The clauses in brackets are those of Sources/Consensus/Consensus.docc/Rules.md.
 *
 * Steps of different views commute: what a member may sign in a view depends on certificates of this view and of those
 * below, on its own signatures in this view, and on having signed nothing above. So it is enough to go through the
 * views one after the other, and of a view that is passed to remember its certificates and
 * who is convicted by it. ANYORDER=1 does without this argument
 * and mixes the views freely; it is exhaustive for two of them.
 *
 *   VIEWS     how many views, 1 to 6
 *   LIARS     1: it has signed everything from the start, which is the worst it can do to agreement.
 *             2 or 3: more than can be borne; they sign as little as a fork takes.
 *   NOFORK    1: agreement is claimed for too many liars as well; it must be found broken, or the price of a fork is
 *             that of something which never happens.
 *   ANYORDER  1: views in any order
 *   FLAW      1: finalize may follow nullify; 2: nullifications may be left out; 3: notarize may be signed
 *             for two blocks, and finalize for either. With each, agreement must be found broken, or this model
 *             shows nothing.
 */
#ifndef VIEWS
#define VIEWS 4
#endif
#ifndef LIARS
#define LIARS 1
#endif
#ifndef NOFORK
#define NOFORK 0
#endif
#ifndef ANYORDER
#define ANYORDER 0
#endif
#ifndef FLAW
#define FLAW 0
#endif

#define N 4
#define Q 3 /* floor(2n/3) + 1 */
#define F 1
#define CORRECT (N - LIARS)
#define ALL 15
#define LIARMASK (ALL & ~((1 << CORRECT) - 1))
#define NONE 255

/* Block 0 is genesis; view v has the blocks 2v - 1 and 2v. */
#define VIEWOF(b) (((b) + 1) / 2)
#define BLOCKS 13

byte notarized[BLOCKS]; /* who signed notarize for it, a bit for each member */
byte finalized[BLOCKS];
byte nullified[8];
byte parent[BLOCKS];
byte now = 1;           /* the view in which somebody acts */
#if ANYORDER
byte watermark[CORRECT];
#endif
bool forked;
byte convicted;         /* who has signed what excludes itself, a bit for each member */
byte i, k, m;           /* zero between steps */

#define FIRST (2 * now - 1)
#define SECOND (2 * now)
#define OTHER(b) (FIRST + SECOND - (b))
#define QUORUM(x) ((59520 >> (x)) & 1) /* bit x is set when x has three bits or four */
#define HAS(x, who) (((x) >> (who)) & 1)
#define NOTARIZATION(b) ((b) == 0 || QUORUM(notarized[b]))
#define FINALIZATION(b) (QUORUM(finalized[b]))
#define NULLIFICATION(v) (QUORUM(nullified[v]))
#define ENDED(v) (NULLIFICATION(v) || NOTARIZATION(2 * (v) - 1) || NOTARIZATION(2 * (v)) \
    || FINALIZATION(2 * (v) - 1) || FINALIZATION(2 * (v)))

/* [S-2] The parent is certified, and every view between was given up. */
#define OPEN(w, p) (VIEWOF(p) < w && w < now && !NULLIFICATION(w))
#define GAP(p) (OPEN(1, p) || OPEN(2, p) || OPEN(3, p) || OPEN(4, p) || OPEN(5, p))
#define JUSTIFIED(p) (NOTARIZATION(p) && (FLAW == 2 || !GAP(p)))

/* [S-1] A view is entered by a certificate of the one before, or of a later one.
   [S-7] Nothing is signed below the highest view that was signed in. What was entered without signing may be forgotten
   in a crash, and entered again. */
#if ANYORDER
#define IN(who) (!forked && (now == 1 || ENDED(now - 1)) && watermark[who] <= now)
#define SIGN(who, what) what = what | (1 << (who)); watermark[who] = now
#else
#define IN(who) (!forked && (now == 1 || ENDED(now - 1)))
#define SIGN(who, what) what = what | (1 << (who))
#endif

/* Which of the two blocks of a view is which does not matter: the second comes after the first. */
#define CANCOME(b, p) (parent[b] == NONE && p < FIRST && (b == FIRST || parent[FIRST] != NONE))

/* [S-3] In the current view, once, a block on a certified parent. */
#define MAYNOTARIZE(who, b) (IN(who) && !HAS(notarized[b], who) \
    && (FLAW == 3 || !HAS(notarized[OTHER(b)] | finalized[OTHER(b)], who)))
#define NOTARIZE(who, b) \
    :: d_step { parent[b] != NONE && MAYNOTARIZE(who, b) -> SIGN(who, notarized[b]) } \
    NOTARIZEFIRST(who, b, 0) NOTARIZEFIRST(who, b, 1) NOTARIZEFIRST(who, b, 2) NOTARIZEFIRST(who, b, 3) \
    NOTARIZEFIRST(who, b, 4) NOTARIZEFIRST(who, b, 5) NOTARIZEFIRST(who, b, 6) NOTARIZEFIRST(who, b, 7) \
    NOTARIZEFIRST(who, b, 8) NOTARIZEFIRST(who, b, 9) NOTARIZEFIRST(who, b, 10)
#define NOTARIZEFIRST(who, b, p) \
    :: d_step { CANCOME(b, p) && JUSTIFIED(p) && MAYNOTARIZE(who, b) -> parent[b] = p; SIGN(who, notarized[b]) }

/* [S-4] In the current view, unless finalize was signed. */
#define NULLIFY(who) \
    :: d_step { IN(who) && !HAS(nullified[now] | finalized[FIRST] | finalized[SECOND], who) -> \
        SIGN(who, nullified[now]) }

/* [S-5] What is notarized, unless nullify was signed or another block notarized. */
#define FINALIZE(who, b) \
    :: d_step { parent[b] != NONE && NOTARIZATION(b) && IN(who) && (FLAW == 1 || !HAS(nullified[now], who)) \
        && !HAS(finalized[FIRST] | finalized[SECOND], who) && (FLAW == 3 || !HAS(notarized[OTHER(b)], who)) -> \
        SIGN(who, finalized[b]); check(b) }

#define MEMBER(who) NOTARIZE(who, FIRST) NOTARIZE(who, SECOND) NULLIFY(who) FINALIZE(who, FIRST) FINALIZE(who, SECOND)

/* Too many liars sign whatever completes a certificate, and nothing else: more would only convict them. A block that no
   correct member notarized comes into being only if the liars are a quorum. */
#define COMPLETE(what, some) !forked && !QUORUM(what) && QUORUM(what | some) -> what = what | some
#define LIE(b, some) \
    :: d_step { parent[b] != NONE && COMPLETE(notarized[b], some) } \
    :: d_step { parent[b] != NONE && COMPLETE(finalized[b], some); check(b) } \
    LIEFIRST(b, some, 0) LIEFIRST(b, some, 1) LIEFIRST(b, some, 2)
#define LIEFIRST(b, some, p) \
    :: d_step { CANCOME(b, p) && COMPLETE(notarized[b], some); parent[b] = p }
#define LIARSSIGN(some) LIE(FIRST, some) LIE(SECOND, some) :: d_step { COMPLETE(nullified[now], some) }

/* Two finalised blocks of which neither descends from the other are a fork: the higher is walked down. */
inline compare(low, high) {
    if
    :: low != high && FINALIZATION(low) && FINALIZATION(high) ->
        i = high;
        do
        :: VIEWOF(i) > VIEWOF(low) -> i = parent[i]
        :: else -> break
        od;
        forked = forked || i != low;
        i = 0
    :: else -> skip
    fi
}

/* [S-12] Two ballots of one view that no correct member signs together. */
#define EVIDENCE(who) (HAS(notarized[FIRST] & notarized[SECOND], who) \
    || HAS(finalized[FIRST] & finalized[SECOND], who) \
    || HAS(finalized[FIRST] & notarized[SECOND], who) || HAS(finalized[SECOND] & notarized[FIRST], who) \
    || HAS(nullified[now] & (finalized[FIRST] | finalized[SECOND]), who))
#define CONVICTED (HAS(convicted, 0) + HAS(convicted, 1) + HAS(convicted, 2) + HAS(convicted, 3))

inline convict() {
    do
    :: m >= N -> break
    :: else ->
        if
        :: EVIDENCE(m) -> assert(m >= CORRECT); convicted = convicted | (1 << m)
        :: else -> skip
        fi;
        m++
    od;
    m = 0
}

/* After every finalize: there is no fork, or its price was paid: f + 1 members are convicted, none of them correct. */
inline check(c) {
    k = 1;
    do
    :: k >= BLOCKS -> break
    :: else ->
        if
        :: VIEWOF(k) <= VIEWOF(c) -> compare(k, c)
        :: else -> compare(c, k)
        fi;
        k++
    od;
    k = 0;
#if LIARS <= F || NOFORK
    assert(!forked);
#else
    if
    :: forked -> convict(); assert(CONVICTED >= F + 1)
    :: else -> skip
    fi
#endif
}

/* Of a view that is passed, its certificates count, and who is convicted by it. */
inline pass() {
#if LIARS > F
    convict();
#endif
#if !ANYORDER
    i = FIRST;
    do
    :: i > SECOND -> break
    :: else ->
        parent[i] = (NOTARIZATION(i) || FINALIZATION(i) -> parent[i] : NONE);
        notarized[i] = (NOTARIZATION(i) -> ALL : 0);
        finalized[i] = (FINALIZATION(i) -> ALL : 0);
        i++
    od;
    i = 0;
    nullified[now] = (NULLIFICATION(now) -> ALL : 0);
#endif
    now++
}

init {
    d_step {
        do
        :: i >= BLOCKS -> break
        :: else ->
            parent[i] = NONE;
#if LIARS <= F
            notarized[i] = LIARMASK;
            finalized[i] = LIARMASK;
#endif
            i++
        od;
        i = 0;
        do
        :: i > VIEWS -> break
        :: else ->
#if LIARS <= F
            nullified[i] = LIARMASK;
#endif
            i++
        od;
        i = 0
    }
    do
    :: d_step { !forked && now < VIEWS && (ENDED(now) || ANYORDER || LIARS >= Q) -> pass() }
#if ANYORDER
    :: d_step { now > 1 -> now-- }
#endif
    MEMBER(0)
#if CORRECT > 1
    MEMBER(1)
#endif
#if CORRECT > 2
    MEMBER(2)
#endif
#if LIARS == 2
    LIARSSIGN(4) LIARSSIGN(8) LIARSSIGN(12)
#endif
#if LIARS == 3
    LIARSSIGN(6) LIARSSIGN(10) LIARSSIGN(12) LIARSSIGN(14)
#endif
    od
}
