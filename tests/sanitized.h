/* RGM_SANITIZED: 1 in a build with the address, thread or memory sanitizer, of gcc or clang; else 0. */
#ifndef RGM_TESTS_SANITIZED_H
#define RGM_TESTS_SANITIZED_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#    define RGM_SANITIZED 1
#elif defined(__has_feature)
#    if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#        define RGM_SANITIZED 1
#    endif
#endif

#ifndef RGM_SANITIZED
#    define RGM_SANITIZED 0
#endif

#endif
