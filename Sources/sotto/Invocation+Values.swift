extension Invocation {
    /// A whole number behind a flag; nil when the flag is not there.
    func integer(_ flag: String, in range: ClosedRange<UInt64>) throws(CommandError) -> UInt64? {
        guard let text = self.flag(flag) else { return nil }
        guard let value = UInt64(text), range.contains(value) else {
            throw CommandError(.usage, "\(flag) takes a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// The value of a flag that must be there.
    func required(_ flag: String, _ what: String) throws(CommandError) -> String {
        guard let value = self.flag(flag) else { throw CommandError(.usage, "\(flag) \(what) is missing") }
        return value
    }

    /// An argument that must be there.
    func required(_ index: Int, _ name: String) throws(CommandError) -> String {
        guard let value = argument(index) else { throw CommandError(.usage, "\(name) is missing") }
        return value
    }
}
