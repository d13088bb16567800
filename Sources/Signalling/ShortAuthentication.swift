package import Primitives

/// The short authentication string: what two people read to each other to be sure that nobody sits in between.
///
/// The caller commits to a nonce in its invite, the callee answers with its own in the clear of the session, the caller
/// reveals. Whoever sits in between must fix its nonce before it knows the other, so a match by luck has one chance in
/// 2^20 (six digits) and 2^32 (four words) a call (ZRTP, RFC 6189 section 4.4.1.1).
package struct ShortAuthentication: Hashable, Sendable {
    /// Six digits.
    package let digits: String
    /// Four words of the list of 256.
    package let words: [String]

    /// - Parameters:
    ///   - transcript: hash of the invite as sealed inside and of both members' keys: both sides saw the same call.
    package init(
        call: CallID, callerNonce: Digest, calleeNonce: Digest, transcript: Digest, with hash: inout some Hashing
    ) {
        hash.update(Array("sotto/1/sas".utf8) + [0])
        hash.update(call.bytes)
        hash.update(callerNonce.bytes)
        hash.update(calleeNonce.bytes)
        hash.update(transcript.bytes)
        let value = hash.finish().bytes
        let number = value[0..<8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) } % 1_000_000
        let text = String(number)
        digits = String(repeating: "0", count: 6 - text.utf8.count) + text
        words = value[8..<12].map { Self.wordList[Int($0)] }
    }

    /// What the caller's invite holds for its nonce.
    package static func commitment(call: CallID, nonce: Digest, with hash: inout some Hashing) -> Digest {
        hash.update(Array("sotto/1/sas-commitment".utf8) + [0])
        hash.update(call.bytes)
        hash.update(nonce.bytes)
        return hash.finish()
    }

    /// 256 short words that differ in their first three letters.
    package static let wordList: [String] = """
        acid acorn actor adult after agent album alien amber angel ankle apple april arrow atlas attic
        audio autumn bacon badge baker bamboo banana barrel basin beach bell berry bird blanket boat bonus
        book bottle bowl brain bread brick bronze brush bubble bucket bundle butter cabin cactus camel
        candle carpet castle cedar chair cheese child cinema circle city clock coal cobra coffee comet
        copper coral cotton cradle cream crown crystal cube curtain cycle daisy dance desert diamond
        dinner doctor dolphin donkey dragon dream drum duck eagle earth echo elbow elephant ember engine
        envelope evening fabric falcon farmer feather fence fiddle finger fire flag flute forest fossil
        fountain fox frame frog fruit galaxy garden gate ginger glass globe goat gold grain green guitar
        hammer harbor hat hazel helmet herb hill honey horse hotel island ivory jacket jelly jewel jungle
        kettle kitten ladder lake lantern leaf lemon letter lily linen lion lizard locket lunch magnet
        mango maple marble meadow melon metal mirror monkey moon motor mountain muffin museum napkin
        needle nest night north nutmeg oasis ocean olive onion opal orange orbit otter oven owl oyster
        paddle palace panda paper parrot pasta peach pebble pencil pepper piano pigeon pillow pine pirate
        planet plum pocket poem potato prince pumpkin puzzle queen rabbit radio rain ribbon ring river
        robin rocket rose ruby saddle sailor salt sand satin school seal shadow silver sister sky smile
        snow soap sofa spider spoon spring square stone sugar summer sunset swan table tailor tea temple
        thunder tiger toast tomato tower train tree tulip tunnel turtle uncle valley
        """.split(whereSeparator: { $0 == " " || $0 == "\n" }).map(String.init)
}
