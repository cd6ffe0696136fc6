/* Moves the photos of a tree into folders YEAR/MONTH. What happens to a single file is in `struct steps`, so that a
 * wrong program can differ from the right one in one step.
 *
 * Everything is looked at before anything is moved. Only files move, never folders; nothing is ever written over. */
#define _XOPEN_SOURCE 700
#define _FILE_OFFSET_BITS 64
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "exif.c"

enum { PATH_SIZE = 4096, NAME_BYTES = 255, EXTENSION_BYTES = 16 };

enum state { PENDING, STAYS, MOVED };

/* One name of a photo with a date. */
struct photo {
    char *path;
    char folder[FOLDER_SIZE];
    struct stat is;
    enum state state;
};

struct steps {
    void (*undated)(const char *path); /* a file without a date was found */
    void (*symlink)(const char *path); /* a symbolic link was found */
    int (*name)(const char *folder, const char *name, char target[PATH_SIZE]);
    int (*move)(const char *from, const char *to);
    int (*move_also)(const char *moved, const char *from, const char *to); /* one more name of what was moved */
};

static struct photo *photos;
static size_t photo_count;
/* 0, or 1 when the system refused something. */
static int outcome;

static void failed(const char *path) {
    perror(path);
    outcome = 1;
}

static void *room(void *at, size_t bytes) {
    at = realloc(at, bytes);
    if (at == NULL) abort();
    return at;
}

static const char *last_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static int is_writable(const char *folder) {
    struct stat is;
    return lstat(folder, &is) == 0 && S_ISDIR(is.st_mode) && (is.st_mode & S_IWUSR);
}

/* ---- Looking ---- */

static int by_bytes(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int by_path(const void *a, const void *b) {
    return strcmp(((const struct photo *)a)->path, ((const struct photo *)b)->path);
}

/* All names in a folder, in the order of their bytes. */
static size_t list(const char *folder, char ***names) {
    size_t count = 0;
    DIR *open = opendir(folder);
    struct dirent *entry;
    *names = NULL;
    if (open == NULL) {
        failed(folder);
        return 0;
    }
    while ((entry = readdir(open)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        *names = room(*names, (count + 1) * sizeof **names);
        (*names)[count] = room(NULL, strlen(entry->d_name) + 1);
        strcpy((*names)[count++], entry->d_name);
    }
    closedir(open);
    if (count > 0) qsort(*names, count, sizeof **names, by_bytes);
    return count;
}

static void look_at_file(const struct steps *steps, const char *path, const struct stat *is, int writable) {
    char folder[FOLDER_SIZE];
    int dated = file_month(path, folder);
    if (dated < 0) failed(path);
    if (dated == 0) steps->undated(path);
    if (dated <= 0) return;
    photos = room(photos, (photo_count + 1) * sizeof *photos);
    struct photo *photo = &photos[photo_count++];
    photo->path = room(NULL, strlen(path) + 1);
    strcpy(photo->path, path);
    memcpy(photo->folder, folder, sizeof folder);
    photo->is = *is;
    photo->state = writable ? PENDING : STAYS;
}

/* Folders are entered by their names, never through links. `path` is empty for the tree itself. */
static void look(const struct steps *steps, const char *path) {
    char **names;
    const char *folder = *path ? path : ".";
    int writable = is_writable(folder);
    size_t count = list(folder, &names);
    for (size_t i = 0; i < count; i++) {
        struct stat is;
        char inside[PATH_SIZE];
        int length = snprintf(inside, sizeof inside, "%s%s%s", path, *path ? "/" : "", names[i]);
        free(names[i]);
        if (length < 0 || length >= PATH_SIZE || lstat(inside, &is) != 0) failed(inside);
        else if (S_ISDIR(is.st_mode)) look(steps, inside);
        else if (S_ISLNK(is.st_mode)) steps->symlink(inside);
        else if (S_ISREG(is.st_mode)) look_at_file(steps, inside, &is, writable);
    }
    free(names);
}

/* ---- Moving ---- */

/* Another name of the same file that is in this state. */
static struct photo *twin(const struct photo *photo, enum state state) {
    if (photo->is.st_nlink < 2) return NULL;
    for (size_t i = 0; i < photo_count; i++) {
        struct photo *other = &photos[i];
        if (other != photo && other->state == state && other->is.st_ino == photo->is.st_ino &&
            other->is.st_dev == photo->is.st_dev)
            return other;
    }
    return NULL;
}

/* Whether the folder is there and takes files; it is made if nothing has its name. */
static int make_ready(const char *folder) {
    char year[5] = {folder[0], folder[1], folder[2], folder[3], 0};
    const char *parents[2] = {".", year}, *folders[2] = {year, folder};
    for (int i = 0; i < 2; i++) {
        struct stat is;
        if (lstat(folders[i], &is) == 0) {
            if (!S_ISDIR(is.st_mode)) return 0;
        } else if (errno != ENOENT || !is_writable(parents[i])) {
            return 0;
        } else if (mkdir(folders[i], 0755) != 0) {
            failed(folders[i]);
            return 0;
        }
    }
    return is_writable(folder);
}

/* The name itself, or with -1, -2, … before its extension: the first that is free. A name that would get too long
 * loses characters at the end of its stem. */
static int free_name(const char *folder, const char *name, char target[PATH_SIZE]) {
    struct stat is;
    char suffix[16] = "";
    const char *dot = strrchr(name, '.');
    size_t length = strlen(name), stem = dot == NULL || dot == name ? length : (size_t)(dot - name);
    if (length - stem > EXTENSION_BYTES) stem = length;
    for (unsigned nth = 1; nth != 0; nth++) {
        size_t keep = stem, more = strlen(suffix) + (length - stem);
        if (keep + more > NAME_BYTES) {
            keep = NAME_BYTES - more;
            while (keep > 0 && ((unsigned char)name[keep] & 0xc0) == 0x80) keep--;
        }
        snprintf(target, PATH_SIZE, "%s/%.*s%s%s", folder, (int)keep, name, suffix, name + stem);
        if (lstat(target, &is) != 0) return errno == ENOENT;
        snprintf(suffix, sizeof suffix, "-%u", nth);
    }
    return 0;
}

static int move_file(const char *from, const char *to) {
    return rename(from, to) == 0;
}

static int link_and_unlink(const char *moved, const char *from, const char *to) {
    return link(moved, to) == 0 && unlink(from) == 0;
}

static void leave(const char *path) {
    (void)path;
}

static const struct steps right = {leave, leave, free_name, move_file, link_and_unlink};

/* 1 if the photo was moved. */
static int settle(const struct steps *steps, struct photo *photo) {
    char target[PATH_SIZE];
    const char *name = last_name(photo->path);
    size_t parent = name == photo->path ? 0 : (size_t)(name - photo->path) - 1;
    if (parent == strlen(photo->folder) && memcmp(photo->path, photo->folder, parent) == 0) {
        photo->state = STAYS;
        return 0;
    }
    if (!make_ready(photo->folder) || !steps->name(photo->folder, name, target)) return 0;
    struct photo *first = twin(photo, MOVED);
    int moved = first == NULL ? steps->move(photo->path, target) : steps->move_also(first->path, photo->path, target);
    if (!moved) {
        failed(photo->path);
        photo->state = STAYS;
        return 0;
    }
    photo->path = room(photo->path, strlen(target) + 1);
    strcpy(photo->path, target);
    photo->state = MOVED;
    return 1;
}

/* Where a file system copies what is renamed, a name that stays is parted from those that moved: join them again. */
static void join(struct photo *photo) {
    char between[PATH_SIZE];
    struct photo *moved = twin(photo, MOVED);
    if (photo->state != STAYS || moved == NULL) return;
    if (!free_name(photo->folder, last_name(photo->path), between) || link(moved->path, between) != 0 ||
        rename(between, photo->path) != 0)
        failed(photo->path);
    /* Renaming one name of a file to another one of its names does nothing. */
    unlink(between);
}

static int migrate(int argc, char **argv, const struct steps *steps) {
    size_t moved;
    if (argc != 2 || chdir(argv[1]) != 0) {
        fprintf(stderr, "usage: %s FOLDER\n", argc > 0 ? argv[0] : "migrate");
        return 2;
    }
    umask(022);
    look(steps, "");
    if (photo_count > 0) qsort(photos, photo_count, sizeof *photos, by_path);
    for (size_t i = 0; i < photo_count; i++)
        while (photos[i].state == STAYS && twin(&photos[i], PENDING) != NULL) twin(&photos[i], PENDING)->state = STAYS;
    /* What stood in another one's way may itself have moved: go on for as long as something moves. */
    do {
        moved = 0;
        for (size_t i = 0; i < photo_count; i++)
            if (photos[i].state == PENDING) moved += (size_t)settle(steps, &photos[i]);
    } while (moved > 0);
    for (size_t i = 0; i < photo_count; i++) join(&photos[i]);
    return outcome;
}
