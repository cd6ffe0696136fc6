/* The month in which a photo was taken, from the EXIF data of a JPEG file.
 *
 * Every number in a file is no more than the file's claim: nothing is read outside of the bytes at hand, no loop runs
 * longer than they last, and what does not fit together is no date. */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

enum {
    HEAD_BYTES = 256 * 1024, /* of a file; EXIF data stands near its start */
    DATE_BYTES = 19,         /* "2019:07:14 12:30:00" */
    FOLDER_SIZE = 8,         /* "2019/07" and its end */
    TAG_DATE_TIME = 0x0132,
    TAG_EXIF_IFD = 0x8769,
    TAG_DATE_TIME_ORIGINAL = 0x9003,
    TYPE_ASCII = 2,
    TYPE_LONG = 4
};

struct bytes {
    const unsigned char *at;
    size_t length;
    int big_endian;
};

/* A number of `size` bytes; 0 if it is not all inside. */
static int number(const struct bytes *bytes, size_t offset, size_t size, uint32_t *value) {
    if (offset > bytes->length || bytes->length - offset < size) return 0;
    *value = 0;
    for (size_t i = 0; i < size; i++) {
        size_t nth = bytes->big_endian ? i : size - 1 - i;
        *value = *value << 8 | bytes->at[offset + nth];
    }
    return 1;
}

/* The count and the value of the first entry with this tag and type in the directory (IFD) at `ifd`. */
static int tiff_entry(const struct bytes *tiff, uint32_t ifd, uint32_t tag, uint32_t type, uint32_t *count,
                      uint32_t *value) {
    uint32_t entries, found_tag, found_type;
    if (!number(tiff, ifd, 2, &entries)) return 0;
    for (uint32_t i = 0; i < entries; i++) {
        size_t at = (size_t)ifd + 2 + (size_t)i * 12;
        if (!number(tiff, at, 2, &found_tag) || !number(tiff, at + 2, 2, &found_type)) return 0;
        if (!number(tiff, at + 4, 4, count) || !number(tiff, at + 8, 4, value)) return 0;
        if (found_tag == tag && found_type == type) return 1;
    }
    return 0;
}

/* Writes "YEAR/MONTH" if the text is a date. Cameras without a clock write zeros or blanks. */
static int date_folder(const unsigned char *text, char folder[FOLDER_SIZE]) {
    static const char shape[] = "dddd:dd:dd dd:dd:dd";
    for (size_t i = 0; i < DATE_BYTES; i++) {
        int digit = text[i] >= '0' && text[i] <= '9';
        if (shape[i] == 'd' ? !digit : text[i] != (unsigned char)shape[i]) return 0;
    }
    int month = (text[5] - '0') * 10 + (text[6] - '0');
    if (memcmp(text, "0000", 4) == 0 || month < 1 || month > 12) return 0;
    memcpy(folder, text, 4);
    folder[4] = '/';
    memcpy(folder + 5, text + 5, 2);
    folder[7] = 0;
    return 1;
}

static int tiff_date(const struct bytes *tiff, uint32_t ifd, uint32_t tag, char folder[FOLDER_SIZE]) {
    uint32_t count, offset;
    if (!tiff_entry(tiff, ifd, tag, TYPE_ASCII, &count, &offset) || count < DATE_BYTES) return 0;
    if (offset > tiff->length || tiff->length - offset < DATE_BYTES) return 0;
    return date_folder(tiff->at + offset, folder);
}

/* When the picture was taken; failing that, when the file was made. */
static int tiff_month(struct bytes tiff, char folder[FOLDER_SIZE]) {
    uint32_t magic, first, count, exif;
    if (tiff.length < 8) return 0;
    if (memcmp(tiff.at, "MM", 2) == 0) tiff.big_endian = 1;
    else if (memcmp(tiff.at, "II", 2) != 0) return 0;
    if (!number(&tiff, 2, 2, &magic) || magic != 42 || !number(&tiff, 4, 4, &first)) return 0;
    if (tiff_entry(&tiff, first, TAG_EXIF_IFD, TYPE_LONG, &count, &exif) && count == 1 &&
        tiff_date(&tiff, exif, TAG_DATE_TIME_ORIGINAL, folder))
        return 1;
    return tiff_date(&tiff, first, TAG_DATE_TIME, folder);
}

/* Walks the segments of a JPEG file up to the picture; the first APP1 segment with EXIF data decides. */
static int jpeg_month(const unsigned char *head, size_t length, char folder[FOLDER_SIZE]) {
    struct bytes jpeg = {head, length, 1};
    uint32_t size;
    if (length < 2 || head[0] != 0xff || head[1] != 0xd8) return 0;
    for (size_t at = 2; at < length && head[at] == 0xff;) {
        while (at < length && head[at] == 0xff) at++;
        if (at == length) return 0;
        unsigned char marker = head[at++];
        if (marker == 0x00 || marker == 0xd9 || marker == 0xda) return 0;
        if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd7)) continue;
        if (!number(&jpeg, at, 2, &size) || size < 2 || length - at < size) return 0;
        if (marker == 0xe1 && size >= 8 && memcmp(head + at + 2, "Exif\0\0", 6) == 0) {
            struct bytes tiff = {head + at + 8, size - 8, 0};
            return tiff_month(tiff, folder);
        }
        at += size;
    }
    return 0;
}

/* 1 and the folder of a photo with a date, 0 for any other file, -1 if it can't be read. */
static int file_month(const char *path, char folder[FOLDER_SIZE]) {
    static unsigned char head[HEAD_BYTES];
    size_t length = 0;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return -1;
    while (length < sizeof head) {
        ssize_t got = read(fd, head + length, sizeof head - length);
        if (got < 0) {
            close(fd);
            return -1;
        }
        if (got == 0) break;
        length += (size_t)got;
    }
    close(fd);
    return jpeg_month(head, length, folder);
}
