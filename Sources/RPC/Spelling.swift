/// Finds what somebody probably meant.
package enum Spelling {
    /// The candidate with the fewest changed letters, when they are few enough to be a slip: at most a third.
    package static func nearest(to word: String, among candidates: [String]) -> String? {
        guard word.utf8.count <= 64 else { return nil }
        let best = candidates.map { (distance(Array(word.utf8), Array($0.utf8)), $0) }.min { $0 < $1 }
        guard let (changes, candidate) = best, changes <= max(1, max(word.utf8.count, candidate.utf8.count) / 3) else {
            return nil
        }
        return candidate
    }

    /// Letters to insert, delete or replace (Levenshtein).
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (index, letter) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in 0..<right.count {
                let above = row[column + 1]
                row[column + 1] = min(above + 1, row[column] + 1, diagonal + (letter == right[column] ? 0 : 1))
                diagonal = above
            }
        }
        return row[right.count]
    }
}
