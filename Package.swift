// swift-tools-version: 6.2
import PackageDescription

/// One strict dialect for every target: Swift 6, warnings are errors, every unsafe call is marked.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
]

/// Tests use the same dialect, less the memory marks, which the macros of Swift Testing do not carry.
let testing: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

func module(_ name: String, _ dependencies: [String] = []) -> Target {
    .target(name: name, dependencies: dependencies.map { .byName(name: $0) }, swiftSettings: strict)
}

func program(_ name: String, _ dependencies: [String]) -> Target {
    .executableTarget(name: name, dependencies: dependencies.map { .byName(name: $0) }, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [String], resources: [Resource] = []) -> Target {
    .testTarget(
        name: name + "Tests", dependencies: dependencies.map { .byName(name: $0) }, resources: resources,
        swiftSettings: testing)
}

let values = ["Primitives", "Wire"]
let cores = ["Ledger", "Consensus", "Kademlia", "Signalling", "Rights", "Recording", "Media"]
let wrappers = ["EventLoop", "Crypto", "TLS", "KeyValue", "ICE", "SecureMedia", "HTTP", "PKCS11"]
let shells = ["Node", "Links", "MediaEndpoint", "ContentStore", "RPC"]
let all = values + cores + wrappers + shells

let package = Package(
    name: "sotto",
    products: [
        .executable(name: "sotto", targets: ["sotto"]),
        .executable(name: "sotto-sim", targets: ["sotto-sim"]),
        .executable(name: "sotto-bench", targets: ["sotto-bench"]),
    ],
    targets: [
        // Layer 5: programs
        program("sotto", all),
        program("sotto-sim", values + cores + ["Crypto", "Simulation"]),
        program("sotto-bench", all),
        program("sotto-fuzz", values + cores + ["Crypto", "Fuzzing"]),
        program(
            "sotto-fuzz-shells",
            values + [
                "Consensus", "Rights", "Crypto", "EventLoop", "TLS", "ICE", "PKCS11", "Links", "RPC", "Node", "Fuzzing",
            ]),

        // Layer 4: shells
        module("Node", values + cores + wrappers + ["Links", "MediaEndpoint", "ContentStore", "RPC"]),
        module("Links", values + ["Crypto", "EventLoop", "TLS", "Kademlia"]),
        module(
            "MediaEndpoint", values + ["Crypto", "EventLoop", "ICE", "SecureMedia", "Media", "Signalling", "Recording"]),
        module("ContentStore", values + ["Crypto", "EventLoop", "KeyValue", "Recording"]),
        module("RPC", values + ["Crypto", "EventLoop", "HTTP", "Ledger", "Rights"]),

        // Layer 3: wrappers, one C library each
        module("EventLoop", ["CLinux", "CGLib", "Primitives"]),
        module("Crypto", ["CSodium", "COpenSSL", "Primitives"]),
        module("TLS", ["COpenSSL", "Primitives"]),
        module("KeyValue", ["CLevelDB", "CLinux"]),
        module("ICE", ["CGLib", "EventLoop", "Primitives"]),
        module("SecureMedia", ["COpenSSL", "CSRTP", "EventLoop", "Primitives"]),
        module("HTTP", ["CGLib", "EventLoop", "Primitives"]),
        module("PKCS11", ["CPKCS11", "Primitives"]),

        // Layer 2: cores, pure
        module("Ledger", values),
        module("Consensus", values),
        module("Kademlia", values),
        module("Signalling", values),
        module("Rights", values),
        module("Recording", values),
        module("Media", values),

        // Layer 1: values
        module("Primitives"),
        module("Wire", ["Primitives"]),

        // Layer 0: C
        .systemLibrary(name: "CLinux"),
        .systemLibrary(
            name: "CGLib", pkgConfig: "nice libsoup-3.0",
            providers: [.apt(["libnice-dev", "libsoup-3.0-dev", "glib-networking"])]),
        .systemLibrary(name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CLevelDB", providers: [.apt(["libleveldb-dev"])]),
        .systemLibrary(name: "CSRTP", pkgConfig: "libsrtp2", providers: [.apt(["libsrtp2-dev"])]),
        .systemLibrary(name: "CPKCS11", pkgConfig: "p11-kit-1", providers: [.apt(["libp11-kit-dev"])]),

        // Beside: the seeded world; what fuzzers are made of
        module("Simulation", values + cores + ["Crypto"]),
        module("Fuzzing", values + ["CFuzzing"]),
        .target(name: "CFuzzing"),

        // Tests
        tests("Tidy", []),
        tests("Primitives", values + ["Crypto"]),
        tests("Wire", values + ["Crypto"], resources: [.copy("Vectors")]),
        tests("Crypto", values + ["Crypto"]),
        tests("Ledger", values + ["Ledger", "Crypto"]),
        tests("Consensus", values + ["Consensus", "Crypto", "Simulation"], resources: [.copy("Transcripts")]),
        tests("Kademlia", values + ["Kademlia", "Crypto"]),
        tests("Signalling", values + ["Signalling", "Crypto"]),
        tests("Rights", values + ["Rights", "Crypto"]),
        tests("Recording", values + ["Recording", "Crypto"]),
        tests("Media", values + ["Media"]),
        tests("EventLoop", values + ["EventLoop"]),
        tests("TLS", values + ["EventLoop", "TLS", "Crypto"]),
        tests("KeyValue", values + ["EventLoop", "KeyValue"]),
        tests("ICE", values + ["EventLoop", "ICE"]),
        tests("SecureMedia", values + ["EventLoop", "SecureMedia"]),
        tests("HTTP", values + ["EventLoop", "HTTP"]),
        tests("PKCS11", values + ["PKCS11", "Crypto"]),
        tests("Links", values + ["Links", "Kademlia", "Crypto", "EventLoop", "TLS"]),
        tests(
            "MediaEndpoint",
            values + ["MediaEndpoint", "Media", "Recording", "Crypto", "EventLoop", "ICE", "SecureMedia"]),
        tests("ContentStore", values + ["ContentStore", "Recording", "Crypto", "EventLoop", "KeyValue"]),
        tests("RPC", values + ["RPC", "HTTP", "Crypto", "EventLoop"]),
        tests("Golden", values + cores + ["Crypto", "ContentStore", "Links", "RPC", "Node"]),
        tests("Node", all),
        tests("Fuzz", values + ["Fuzzing", "sotto-fuzz", "sotto-fuzz-shells"], resources: [.copy("Corpus")]),
        tests("sotto", values + ["sotto", "RPC", "HTTP", "EventLoop"]),
    ]
)
