/// How many of n validators decide. Safe and live for every n, not only for n = 3f + 1.
package enum Quorum {
    /// q = floor(2n/3) + 1: any two quorums share a correct member.
    package static func size(of count: Int) -> Int { 2 * count / 3 + 1 }

    /// f, the faulty members that n can bear: the largest with n > 3f.
    package static func faultsBorne(by count: Int) -> Int { count == 0 ? 0 : (count - 1) / 3 }
}
