import Synchronization

/// Counts open connections, in all and by address.
final class ConnectionTable: Sendable {
    private struct Counts {
        var total = 0
        var byAddress: [String: Int] = [:]
    }
    private let counts = Mutex(Counts())
    private let totalMax: Int
    private let perAddressMax: Int

    init(totalMax: Int, perAddressMax: Int) {
        self.totalMax = totalMax
        self.perAddressMax = perAddressMax
    }

    /// Counts one more, unless a limit is reached.
    func open(_ address: String) -> Bool {
        counts.withLock { counts in
            guard counts.total < totalMax, counts.byAddress[address, default: 0] < perAddressMax else { return false }
            counts.total += 1
            counts.byAddress[address, default: 0] += 1
            return true
        }
    }

    func close(_ address: String) {
        counts.withLock { counts in
            counts.total -= 1
            let left = counts.byAddress[address, default: 1] - 1
            counts.byAddress[address] = left > 0 ? left : nil
        }
    }

    var count: Int { counts.withLock { $0.total } }
}

/// One open connection in the table; the stream holds it until it goes.
final class ConnectionTicket: Sendable {
    private let table: ConnectionTable
    private let address: String

    init(table: ConnectionTable, address: String) {
        self.table = table
        self.address = address
    }

    deinit { table.close(address) }
}
