#pragma once
#include <p11-kit/pkcs11.h>
#include <dlfcn.h>

// Calls through the list of functions that a module hands out. Same names and meaning, own prefix, no logic.
static inline CK_RV shim_C_GetFunctionList(void *symbol, CK_FUNCTION_LIST **list) {
    return ((CK_C_GetFunctionList)symbol)(list);
}
static inline CK_RV shim_C_Initialize(CK_FUNCTION_LIST *list) {
    CK_C_INITIALIZE_ARGS arguments = {0};
    arguments.flags = CKF_OS_LOCKING_OK;
    return list->C_Initialize(&arguments);
}
static inline CK_RV shim_C_GetSlotList(CK_FUNCTION_LIST *list, CK_SLOT_ID *slots, unsigned long *count) {
    return list->C_GetSlotList(CK_TRUE, slots, count);
}
static inline CK_RV shim_C_GetTokenInfo(CK_FUNCTION_LIST *list, CK_SLOT_ID slot, CK_TOKEN_INFO *info) {
    return list->C_GetTokenInfo(slot, info);
}
static inline CK_RV shim_C_GetMechanismInfo(
    CK_FUNCTION_LIST *list, CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info) {
    return list->C_GetMechanismInfo(slot, type, info);
}
static inline CK_RV shim_C_OpenSession(CK_FUNCTION_LIST *list, CK_SLOT_ID slot, CK_SESSION_HANDLE *session) {
    return list->C_OpenSession(slot, CKF_SERIAL_SESSION, 0, 0, session);
}
static inline CK_RV shim_C_CloseSession(CK_FUNCTION_LIST *list, CK_SESSION_HANDLE session) {
    return list->C_CloseSession(session);
}
static inline CK_RV shim_C_Login(
    CK_FUNCTION_LIST *list, CK_SESSION_HANDLE session, const unsigned char *pin, unsigned long count) {
    return list->C_Login(session, CKU_USER, (unsigned char *)pin, count);
}
static inline CK_RV shim_C_FindObjectsInit(CK_FUNCTION_LIST *list, CK_SESSION_HANDLE session) {
    return list->C_FindObjectsInit(session, 0, 0);
}
static inline CK_RV shim_C_FindObjects(
    CK_FUNCTION_LIST *list, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, unsigned long limit,
    unsigned long *count) {
    return list->C_FindObjects(session, objects, limit, count);
}
static inline CK_RV shim_C_FindObjectsFinal(CK_FUNCTION_LIST *list, CK_SESSION_HANDLE session) {
    return list->C_FindObjectsFinal(session);
}
static inline CK_RV shim_C_GetAttributeValue(
    CK_FUNCTION_LIST *list, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, void *value,
    unsigned long *count) {
    CK_ATTRIBUTE attribute = {type, value, *count};
    CK_RV result = list->C_GetAttributeValue(session, object, &attribute, 1);
    *count = attribute.ulValueLen;
    return result;
}
static inline CK_RV shim_C_SignInit_EDDSA(
    CK_FUNCTION_LIST *list, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key) {
    CK_MECHANISM mechanism = {CKM_EDDSA, 0, 0};
    return list->C_SignInit(session, &mechanism, key);
}
static inline CK_RV shim_C_Sign(
    CK_FUNCTION_LIST *list, CK_SESSION_HANDLE session, const unsigned char *data, unsigned long count,
    unsigned char *signature, unsigned long *signatureCount) {
    return list->C_Sign(session, (unsigned char *)data, count, signature, signatureCount);
}
