#pragma once
#include <openssl/ssl.h>
#include <openssl/err.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/core_names.h>
#include <openssl/x509.h>
#include <openssl/srtp.h>
#include <openssl/rand.h>
#include <openssl/ec.h>
#include <openssl/crypto.h>
#include <sys/time.h>

// Macros and variadic functions that Swift cannot import. The library's own names after a prefix, no logic.
static inline EVP_PKEY *shim_EVP_EC_gen_P256(void) { return EVP_EC_gen("P-256"); }
static inline int shim_SSL_CTX_set_min_proto_version(SSL_CTX *c, int v) { return (int)SSL_CTX_set_min_proto_version(c, v); }
static inline int shim_SSL_CTX_set_max_proto_version(SSL_CTX *c, int v) { return (int)SSL_CTX_set_max_proto_version(c, v); }
static inline int shim_SSL_CTX_set1_groups_list(SSL_CTX *c, const char *l) { return (int)SSL_CTX_set1_groups_list(c, l); }
static inline void shim_SSL_set_no_query_mtu(SSL *s) { SSL_set_options(s, SSL_OP_NO_QUERY_MTU); }
static inline void shim_SSL_CTX_set_no_renegotiation(SSL_CTX *c) { SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION); }
static inline void shim_SSL_CTX_set_no_ticket(SSL_CTX *c) { SSL_CTX_set_options(c, SSL_OP_NO_TICKET); }
static inline long shim_SSL_set_mtu(SSL *s, long mtu) { return SSL_set_mtu(s, mtu); }
static inline long shim_DTLS_set_link_mtu(SSL *s, long mtu) { return DTLS_set_link_mtu(s, mtu); }
static inline int shim_DTLSv1_get_timeout(SSL *s, struct timeval *tv) { return (int)DTLSv1_get_timeout(s, tv); }
static inline int shim_DTLSv1_handle_timeout(SSL *s) { return (int)DTLSv1_handle_timeout(s); }
static inline void shim_BIO_set_mem_eof_return(BIO *b, int v) { BIO_set_mem_eof_return(b, v); }
static inline long shim_BIO_pending(BIO *b) { return BIO_pending(b); }
static inline int shim_SSL_CTX_set1_sigalgs_list(SSL_CTX *c, const char *l) { return (int)SSL_CTX_set1_sigalgs_list(c, l); }
static inline int shim_SSL_CTX_set1_client_sigalgs_list(SSL_CTX *c, const char *l) { return (int)SSL_CTX_set1_client_sigalgs_list(c, l); }
