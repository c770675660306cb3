"""What the mediapipe package itself finds, as JSON; run by the Python of an environment that has it installed.

    python mediapipe_results.py PICTURES OUT.json MODULES

PICTURES is a folder of PNG files, MODULES the folder mediapipe/modules of the 0.10.21 wheel, whose networks the newer
API loads as well. The file maps detector -> picture -> list of objects: score, box (x0, y0, x1, y1) and points in
pixels, each where the package gives it. The old API adds "contours": name -> pairs of landmarks.
"""

# pyright: reportMissingImports=false
import contextlib
import json
import sys
from pathlib import Path

import mediapipe
import numpy as np
from mediapipe_bundles import face_bundle, hand_bundle
from PIL import Image

CONFIDENCE = {"face_short": 0.5, "face_full": 0.6, "face_mesh": 0.5, "hand": 0.5}
MANY = 20


def scaled(landmarks, image):
    height, width = image.shape[:2]
    return [[point.x * width, point.y * height] for point in landmarks]


def solutions():
    """Detectors of the old API: name -> function of an RGB image."""
    from mediapipe.python.solutions.face_detection import FaceDetection
    from mediapipe.python.solutions.face_mesh import FaceMesh
    from mediapipe.python.solutions.hands import Hands

    def boxes(selection):
        detector = FaceDetection(model_selection=selection)

        def detect(image):
            height, width = image.shape[:2]
            found = []
            for face in detector.process(image).detections or []:
                box = face.location_data.relative_bounding_box
                x0, y0 = box.xmin * width, box.ymin * height
                found.append(
                    {
                        "score": face.score[0],
                        "box": [x0, y0, x0 + box.width * width, y0 + box.height * height],
                        "points": scaled(face.location_data.relative_keypoints, image),
                    }
                )
            return found

        return detect

    def points(detector, field):
        def detect(image):
            return [
                {"points": scaled(shape.landmark, image)} for shape in getattr(detector.process(image), field) or []
            ]

        return detect

    mesh = FaceMesh(static_image_mode=True, max_num_faces=MANY, min_detection_confidence=CONFIDENCE["face_mesh"])
    hands = Hands(static_image_mode=True, max_num_hands=MANY, min_detection_confidence=CONFIDENCE["hand"])
    return {
        "face_short": boxes(0),
        "face_full": boxes(1),
        "face_mesh": points(mesh, "multi_face_landmarks"),
        "hand": points(hands, "multi_hand_landmarks"),
    }


def contours():
    from mediapipe.python.solutions import face_mesh_connections

    names = ("LEFT_EYE", "RIGHT_EYE", "FACE_OVAL", "LIPS")
    return {name: sorted(getattr(face_mesh_connections, f"FACEMESH_{name}")) for name in names}


def tasks(modules):
    """Detectors of the new API: name -> function of an RGB image."""
    from mediapipe.tasks.python import BaseOptions, vision

    def picture(image):
        return mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=image)

    def boxes(name, file):
        options = vision.FaceDetectorOptions(
            BaseOptions(model_asset_path=str(modules / "face_detection" / file)),
            min_detection_confidence=CONFIDENCE[name],
        )
        detector = vision.FaceDetector.create_from_options(options)

        def detect(image):
            return [
                {
                    "score": face.categories[0].score,
                    "box": [
                        face.bounding_box.origin_x,
                        face.bounding_box.origin_y,
                        face.bounding_box.origin_x + face.bounding_box.width,
                        face.bounding_box.origin_y + face.bounding_box.height,
                    ],
                    "points": scaled(face.keypoints, image),
                }
                for face in detector.detect(picture(image)).detections
            ]

        return detect, detector

    def landmarks(options, task, field, bundle):
        base = BaseOptions(model_asset_buffer=bundle(modules))
        detector = task.create_from_options(options(base))

        def detect(image):
            return [{"points": scaled(points, image)} for points in getattr(detector.detect(picture(image)), field)]

        return detect, detector

    def face_options(base):
        return vision.FaceLandmarkerOptions(base, num_faces=MANY, min_face_detection_confidence=CONFIDENCE["face_mesh"])

    def hand_options(base):
        return vision.HandLandmarkerOptions(base, num_hands=MANY, min_hand_detection_confidence=CONFIDENCE["hand"])

    return {
        "face_short": boxes("face_short", "face_detection_short_range.tflite"),
        "face_full": boxes("face_full", "face_detection_full_range_sparse.tflite"),
        "face_mesh": landmarks(face_options, vision.FaceLandmarker, "face_landmarks", face_bundle),
        "hand": landmarks(hand_options, vision.HandLandmarker, "hand_landmarks", hand_bundle),
    }


def main(pictures, out, modules):
    images = {path.stem: np.array(Image.open(path)) for path in sorted(pictures.iterdir())}
    with contextlib.ExitStack() as opened:
        if hasattr(mediapipe, "solutions"):
            detectors = solutions()
        else:
            detectors = {}
            for name, (detect, detector) in tasks(modules).items():
                # A detector that is not closed by name can hang the process when the garbage collector meets it.
                opened.callback(detector.close)
                detectors[name] = detect
        results = {"contours": contours()} if hasattr(mediapipe, "solutions") else {}
        results |= {name: {key: detect(image) for key, image in images.items()} for name, detect in detectors.items()}
    out.write_text(json.dumps(results))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
