import Primitives
import Testing

@Suite struct MediaKeyIDTests {
    @Test("A media key id keeps its four parts apart, and refuses what does not fit")
    func parts() {
        let id = MediaKeyID(rosterEpoch: RosterEpoch(0x1234), sender: 0x567, track: 0x89, segment: 0xabc_def0)
        #expect(id?.rawValue == 0x1234_5678_9abc_def0)
        #expect(id?.rosterEpoch == RosterEpoch(0x1234))
        #expect(id?.sender == 0x567)
        #expect(id?.track == 0x89)
        #expect(id?.segment == 0xabc_def0)
        #expect(MediaKeyID(rosterEpoch: RosterEpoch(0x10000), sender: 0, track: 0, segment: 0) == nil)
        #expect(MediaKeyID(rosterEpoch: .zero, sender: 0x1000, track: 0, segment: 0) == nil)
        #expect(MediaKeyID(rosterEpoch: .zero, sender: 0, track: 0, segment: 0x1000_0000) == nil)
    }
}
